"""How programs talk to Taproom: what every endpoint shares, told once.

A view is built on `views.ApiView`; everything else here serves it.
"""
