"""An attacker who reads every digest and preview, knows the CRM, and wants to know what one rep said."""
