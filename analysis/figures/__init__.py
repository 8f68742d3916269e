"""All figures of a study.

In: tables, saliency maps and images. Out: figures/*.svg and *.pdf, tables/gradcam_summary.csv. May import every other
room of analysis except leakage, copies_quality and explanation_speed; no other room imports this room.
"""
