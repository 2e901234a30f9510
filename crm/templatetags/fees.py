"""The e-mail by which staff send the address of an application fee."""

from __future__ import annotations

from urllib.parse import quote, urlencode

from django import template

from core.models import Tenant
from crm.queries.fees import FeeStanding

register = template.Library()

_TEXT = """Hello {first_name},

the application fee{programme} is {amount}. You can pay it here, by card or another method:

{url}

Please do not pass the address on: whoever has it can see and pay this fee.

{company}
"""


@register.simple_tag
def fee_mailto(fee: FeeStanding, tenant: Tenant) -> str:
    """Return a mailto: address with subject and text, ready to be sent to the applicant."""
    lead, application = fee.application.lead, fee.application
    text = _TEXT.format(
        first_name=next(iter(lead.name.split()), "there"),
        programme=f" for {application.programme}" if application.programme else "",
        amount=fee.amount.display() if fee.amount else "",
        url=application.fee_url,
        company=tenant.name,
    ).replace("\n", "\r\n")  # RFC 6068, section 5
    query = urlencode({"subject": f"Application fee: {tenant.name}", "body": text}, quote_via=quote)
    return f"mailto:{quote(lead.email, safe='@')}?{query}"
