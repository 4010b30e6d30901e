"""Realised metrics: the advice that was really given, judged by the bills that came."""
