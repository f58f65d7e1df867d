"""CRMs to try our connectors against, and what is kept secret about them."""

from tests.crms import hubspot, salesforce

SECRETS = {
    "OTHERWISE_HUBSPOT_TOKEN": hubspot.TOKEN,
    "OTHERWISE_SALESFORCE_CLIENT_ID": salesforce.CLIENT_ID,
    "OTHERWISE_SALESFORCE_CLIENT_SECRET": salesforce.CLIENT_SECRET,
}
