@0.6-36
Feature: upgrade by the package manager
  Virtual servers are stopped for an upgrade; their trees and configurations stay as they are.

  Background:
    Given the package is not installed
    And the Debian packages 0.31 are installed
    And a guest "web"
    And the guest "web" has the setting S_HOSTNAME="www.example.com"
    And the file "/etc/vservers.conf" with the line "BACKGROUND=yes"

  Scenario: a guest starts after the upgrade as before
    When the Debian packages are upgraded to 0.32
    And I run "vserver web start"
    Then the command succeeds
    When I run "vserver --silent web exec hostname"
    Then it prints "www.example.com"

  Scenario: configuration is kept
    When the Debian packages are upgraded to 0.32
    And I run "dpkg-query -W vserver vserver-admin"
    Then it prints:
      """
      vserver	0.32
      vserver-admin	0.32
      """
    And the file "/etc/vservers.conf" is:
      """
      BACKGROUND=yes
      """
    And the file "/etc/vservers/web.conf" is:
      """
      S_HOSTNAME="www.example.com"
      """
