Feature: build makes a whole guest or none

  Background:
    Given the root server is small

  Scenario: a guest that is there is not touched
    Given the file "/vservers/web/etc/passwd" with the line "precious"
    When I run "vserver web build"
    Then the command fails with status 1
    And it prints "Virtual server /vservers/web already exist"
    And the file "/vservers/web/etc/passwd" has the line "precious"
    And the file "/etc/vservers/web.conf" does not exist

  Scenario: a name that cannot be one
    When I run "vserver ../web build"
    Then the command fails with status 1
    And it says "vserver: invalid vserver name: ../web" on standard error

  Scenario: no space is left
    Given I run "mkdir /srv/full && mount -t tmpfs -o size=4m none /srv/full"
    And the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/srv/full"
    When I run "vserver web build"
    Then the command fails with status 1
    And standard error contains "No space left on device"
    And the directory "/srv/full" is empty
    And the file "/etc/vservers/web.conf" does not exist

  Scenario: a build that was killed is done again
    Given I run "vserver web build & until test -e /vservers/web/usr; do :; done; kill -9 $!"
    And I run "test -e /vservers/web/.vserver-build"
    When I run "vserver web build"
    Then the command succeeds
    And the file "/vservers/web/etc/passwd" exists
    And the file "/vservers/web/.vserver-build" does not exist
