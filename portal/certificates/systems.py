"""How a certificate is installed, system by system: the steps and the picture beside them."""

from dataclasses import dataclass

from portal.kernel.text import N_


@dataclass(frozen=True, slots=True)
class System:
    """`picture`: a drawing below static/img/certificates; `alt`: what it shows."""

    key: str
    name: str
    steps: tuple[str, ...]
    alt: str

    @property
    def picture(self) -> str:
        return f"img/certificates/{self.key}.svg"


PASSWORD = N_("Give the password that you received with the file.")
RESTART = N_("Close every window of the browser, then open this page again.")
SYSTEMS = (
    System(
        "windows",
        N_("Windows (Edge and Chrome)"),
        (
            N_("Open the downloaded file (ending .p12) with a double click."),
            N_("Choose “Current User”, then “Next” until the password is asked for."),
            PASSWORD,
            N_("Choose “Automatically select the certificate store”, then “Finish”."),
            RESTART,
        ),
        N_("Drawing: a wizard’s window with the first of two circles filled, a field for the"
           " password, and the button at the bottom right marked."),
    ),
    System(
        "macos",
        N_("macOS (Safari and Chrome)"),
        (
            N_("Open the downloaded file (ending .p12) with a double click: “Keychain Access”"
               " opens."),
            N_("Choose the keychain “login”, then “Add”."),
            PASSWORD,
            N_("Find it under “My Certificates”: a small arrow beside it shows that its key is"
               " there."),
            RESTART,
        ),
        N_("Drawing: the window of Keychain Access, a certificate with a key below it marked in"
           " the list."),
    ),
    System(
        "firefox",
        N_("Firefox (any computer)"),
        (
            N_("Open Settings, then “Privacy & Security”, and go down to “Certificates”."),
            N_("Press “View Certificates”, then the tab “Your Certificates”."),
            N_("Press “Import” and choose the file (ending .p12)."),
            PASSWORD,
            RESTART,
        ),
        N_("Drawing: a window with tabs, the first one open, a list with one certificate, and the"
           " second button below it marked."),
    ),
    System(
        "iphone",
        N_("iPhone and iPad"),
        (
            N_("Open the downloaded file (ending .p12): “Profile downloaded” appears."),
            N_("Open Settings; at the top press “Profile Downloaded”, then “Install”."),
            N_("Enter the code of the device."),
            PASSWORD,
            N_("Open this page in Safari."),
        ),
        N_("Drawing: a telephone’s settings, the uppermost line marked, and the word for install"
           " at the top right as a button."),
    ),
    System(
        "android",
        N_("Android"),
        (
            N_("Open Settings and search for “certificate”."),
            N_("Choose “Install a certificate”, then “VPN & app user certificate”."),
            N_("Choose the downloaded file (ending .p12)."),
            PASSWORD,
            RESTART,
        ),
        N_("Drawing: a telephone’s settings with a search field, the line with a certificate"
           " marked."),
    ),
)  # fmt: skip
