"""The Streamlit page: asks the API for everything, shows prediction and heat map beside the honest accuracy."""
