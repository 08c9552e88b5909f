"""LangGraph graphs: tagging and answering; the LLM client; the citation checker."""
