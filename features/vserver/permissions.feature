Feature: vserver tells when the directory above the guests is open

  Background:
    Given a guest "web"

  @0.10-12
  Scenario: the warning
    Given I run "chmod 755 /vservers"
    When I run "vserver web start | head -n 9"
    Then it prints:
      """
      Starting the virtual server web

      **********************************************************
      /vservers/web/.. has insecure permissions.
      A vserver administrator may be able to visit the root server.
      To fix this, do
      	 chmod 000 /vservers/web/..
      do it anytime you want, even if vservers are running.
      **********************************************************
      """

  @0.10-12
  Scenario: a closed directory needs no warning
    Given I run "chmod 000 /vservers"
    When I run "vserver web start; vserver web exec ls / >/dev/null && vserver web stop"
    Then the command succeeds
    And the output does not contain "insecure"

  Scenario: with --silent the warning comes on standard error
    Given I run "chmod 711 /vservers"
    When I run "vserver --silent web start"
    Then it prints "Starting httpd: [  OK  ]"
    And standard error contains "has insecure permissions."
