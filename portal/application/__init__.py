"""The application of a healthcare institution in five steps, and what the applicant sees after."""
