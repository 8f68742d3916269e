"""The Streamlit page: prediction and heat map from the API beside the honest accuracy."""
