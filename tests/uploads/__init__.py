"""Files to send, made by code: good ones, odd ones, hostile ones, each with what is expected."""
