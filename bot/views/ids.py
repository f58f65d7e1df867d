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
# In Home and under a command's answer.
NUMBER = "home.number"
PAST_DIGEST = "home.digest"
RECORD = "home.record"
RETRY = "home.retry"
ADD_OWNER = "home.add_owner"
UNQUOTE = "quote.withdraw"
DIGEST_DETAILS = "digest.details"
DIGEST_SEND = "digest.send"
DIGEST_WHY = "digest.why"
MONTHLY = "digest.monthly"
WEEKLY = "digest.weekly"
LATER = "later.open"
FRIDAY = "friday.open"
SWITCH = "home.switch"
FORGET_ME = "home.forget"
FORGET = "admin.forget"
RETAIN = "admin.retain"
SAY_NUMBER = "sample.number"
LEAVE_SAMPLE = "sample.leave"
KEEP = "routing.keep"
ASK_POOL = "routing.ask"
TAKE = "routing.take"
UNDO = "admin.undo"
TEST_LEAD = "admin.test_lead"

SUBMIT = "override.submit"
SUBMIT_DETAILS = "override.details.submit"
SETUP_TEAM = "setup.team"
SETUP_DIGEST = "setup.digest"
SUBMIT_FRIDAY = "friday.submit"
SUBMIT_FORGET = "home.forget.submit"
SUBMIT_NUMBER = "sample.number.submit"

# In the forms, each input's block_id and action_id are the same word.
DIRECTION = "direction"
REASON = "reason"
ESTIMATE = "estimate"
CUES = "cues"
QUOTE = "quote"
TEAM = "team"
MANAGER = "manager"
REPS = "reps"
WEEKDAY = "weekday"
TIME = "time"
ZONE = "zone"
HOURS = "hours"

ACTIONS = (
    NOTED, UNDO_NOTED, OPEN, WHY, REVEAL, DETAILS, WITHDRAW, EDIT, SEE, PLEDGE,
    NUMBER, PAST_DIGEST, RECORD, RETRY, ADD_OWNER, UNDO, TEST_LEAD,
    KEEP, ASK_POOL, TAKE, LATER, FRIDAY, SWITCH, FORGET_ME, FORGET, RETAIN,
    DIGEST_DETAILS, DIGEST_SEND, DIGEST_WHY, MONTHLY, WEEKLY, UNQUOTE, SAY_NUMBER, LEAVE_SAMPLE,
)  # fmt: skip
CALLBACKS = (SUBMIT, SUBMIT_DETAILS, SETUP_TEAM, SETUP_DIGEST, SUBMIT_FRIDAY, SUBMIT_FORGET, SUBMIT_NUMBER)
COMMANDS = ("/otherwise",)
EVENTS = ("app_home_opened",)
