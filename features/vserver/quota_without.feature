@0.26-10
Feature: CAP_QUOTACTL gives nothing to a guest that shares its file system
  Its quota would be that of other guests, too.

  Background:
    Given a guest "web"
    And the guest "web" has the setting S_CAPS=CAP_QUOTACTL

  Scenario: the administrator is told at the start
    When I run "vserver --silent web start"
    Then the command succeeds
    And it says "vserver: CAP_QUOTACTL without a file system of its own in 'web'" on standard error

  Scenario: commands run as ever
    Given the guest "web" is running
    When the guest "web" runs "true"
    Then the command succeeds
    And standard error is empty
