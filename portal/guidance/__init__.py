"""Public reading pages: what eHealth is, how to join, questions and answers, statements."""
