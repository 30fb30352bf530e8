Feature: a guest may have a security context of a fixed number

  Background:
    Given a guest "web"

  Scenario: S_CONTEXT
    Given the guest "web" has the setting S_CONTEXT=1234
    When I run "vserver web start"
    Then the output has the line "New security context is 1234"
    And the file "/var/run/vservers/web.ctx" has the line "S_CONTEXT=1234"

  Scenario: it does not count while the guest runs
    Given the guest "web" is running
    When the guest "web" gets the setting S_CONTEXT=1234
    And I run "vserver web exec true"
    Then the output has the line "New security context is 49152"
    When I run "vserver web stop"
    Then the command succeeds
    And the guest "web" is not running

  Scenario: two guests cannot have the same
    Given a guest "mail"
    And the guest "web" has the setting S_CONTEXT=1234
    And the guest "mail" has the setting S_CONTEXT=1234
    And the guest "web" is running
    When I run "vserver --silent mail start"
    Then the command fails with status 1
    And it says "vserver: context 1234 is already used by web" on standard error
    And the guest "mail" is not running

  Scenario: a fixed number can be used again at once
    Given the guest "web" has the setting S_CONTEXT=1234
    When I run "for i in 1 2 3; do vserver --silent web start && vserver --silent web stop && vserver --silent web exec echo fine; done | grep -c fine"
    Then it prints "3"
    And standard error is empty

  Scenario: chcontext reaches the guest by its number
    Given the guest "web" has the setting S_CONTEXT=1234
    And the guest "web" is running
    When I run "chcontext --silent --ctx 1234 ps | grep -c httpd"
    Then it prints "1"
