"""The eHealth provider portal: how a healthcare institution in Hong Kong joins eHealth."""
