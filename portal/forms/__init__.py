"""Questions declared once, over WTForms: asked, judged, kept and shown from one declaration."""
