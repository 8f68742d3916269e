"""Tables -> the article: facts of the results, the sentences that they choose, and a few tables and figures."""
