"""Every action, block and callback by name. A test clicks each of them; old messages carry them for years."""

NOTED = "suggestion.noted"
UNDO_NOTED = "suggestion.noted_undo"
OPEN = "override.open"
WHY = "suggestion.why"
REVEAL = "suggestion.reveal"
DETAILS = "override.details"
WITHDRAW = "override.withdraw"
EDIT = "override.edit"
SEE = "response.see"
PLEDGE = "pledge.agree"

SUBMIT = "override.submit"
SUBMIT_DETAILS = "override.details.submit"

# In the forms, each input's block_id and action_id are the same word.
DIRECTION = "direction"
REASON = "reason"
ESTIMATE = "estimate"
CUES = "cues"
QUOTE = "quote"

ACTIONS = (NOTED, UNDO_NOTED, OPEN, WHY, REVEAL, DETAILS, WITHDRAW, EDIT, SEE, PLEDGE)
CALLBACKS = (SUBMIT, SUBMIT_DETAILS)
