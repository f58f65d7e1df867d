"""The people and channels that a fresh workspace has. The cast of the tests and of the demo."""

from sandbox.workspace import BOT_USER, Channel, User, Workspace

REP_NAMES = (
    "Ria Holt", "Rob Sand", "Rosa Lind", "Remy Okafor", "Ruth Berg", "Raj Patel",
    "Rhea Novak", "Ravi Menon", "Rita Sousa", "Ralf Weiss", "Rena Ito", "Ross Daly",
    "Sam Adler", "Sina Kranz", "Said Haddad", "Suki Mori", "Sven Dahl", "Sara Conti",
    "Seth Boyd", "Shay Levi", "Sofia Reyes", "Stan Kowal", "Sue Park", "Syd Moreau",
)  # fmt: skip
ZONES = ("Europe/London", "America/New_York", "Europe/Berlin", "Asia/Tokyo")


def seed(workspace: Workspace) -> None:
    """Fill an empty workspace: an admin, two managers, 24 reps, and those with whom things go wrong."""
    people = [
        User("U0ADA", "ada", "Ada Admin", "ada@example.com", is_admin=True),
        User("U0MONA", "mona", "Mona Manager", "mona@example.com", tz="Europe/Berlin"),
        User("U0MILO", "milo", "Milo Manager", "milo@example.com", tz="America/New_York"),
        User("U0GONE", "gone", "Gone Away", "gone@example.com", deleted=True),
        User("U0ROBOT", "robot", "Some Robot", "", is_bot=True),
        User(BOT_USER, "otherwise", "Otherwise", "", is_bot=True),
    ]
    for number, name in enumerate(REP_NAMES):
        first = name.split()[0].lower()
        people.append(User(f"U0REP{number:02}", first, name, f"{first}@example.com", tz=ZONES[number % 4]))
    workspace.users = {person.id: person for person in people}
    everyone = {person.id for person in people if not person.deleted and not person.is_bot}
    channels = [
        Channel("C0GENERAL", "general", set(everyone) | {BOT_USER}),
        Channel("C0DEALS", "deals", set(everyone) | {BOT_USER}),
        Channel("C0POOL", "pool", {"U0ADA", "U0REP00", "U0REP01"}),
        Channel("C0OLD", "old-deals", set(everyone) | {BOT_USER}, archived=True),
        Channel("C0SECRET", "secret", {"U0ADA"}, private=True),
    ]
    workspace.channels = {channel.id: channel for channel in channels}
