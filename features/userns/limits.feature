@0.11-11
Feature: limits of a user are counted in each guest by itself
  The word userns among S_FLAGS keeps users of the same number apart: what user 1000 has in one
  guest is not held against user 1000 of another one, nor of the host.

  Background:
    Given a guest "vs1" that counts its users, with 20 processes for each
    And a guest "vs2" that counts its users, with 20 processes for each
    And the guest "vs1" is running
    And the guest "vs2" is running

  Scenario: a user has no more processes than the limit says
    When I run "vserver --silent vs1 suexec alice fill; test $(pgrep -c -u 1000) -le 20 && echo no more"
    Then it prints "no more"
    And standard error contains "Resource temporarily unavailable"

  Scenario: who has used them up in one guest goes on in the other, and on the host
    Given user 1000 has used up the processes of the guest "vs1"
    When I run "vserver --silent vs1 suexec alice sh -c 'true & wait; echo on'"
    Then the command fails
    And it says "vserver: cannot start the command: Resource temporarily unavailable" on standard error
    When I run "vserver --silent vs2 suexec alice sh -c 'true & wait; echo on'"
    Then it prints "on"
    When I run "setpriv --reuid 1000 --clear-groups prlimit --nproc=20 sh -c 'true & wait; echo on'"
    Then it prints "on"

  Scenario: what the host's user 1000 has is not held against those of the guests
    Given "setpriv --reuid 1000 --clear-groups sh -c 'for i in $(seq 30); do sleep 60 & done; echo full; wait'" runs in the background
    And the command in the background prints "full"
    When I run "vserver --silent vs1 suexec alice sh -c 'true & wait; echo on'"
    Then it prints "on"

  Scenario: other users of the guest go on
    Given user 1000 has used up the processes of the guest "vs1"
    When I run "vserver --silent vs1 suexec www sh -c 'true & wait; echo on'"
    Then it prints "on"
    When I run "vserver --silent vs1 exec sh -c 'true & wait; echo on'"
    Then it prints "on"

  Scenario: a restart makes room in the guest that is restarted
    Given user 1000 has used up the processes of the guest "vs1"
    And user 1000 has used up the processes of the guest "vs2"
    And I run "vserver vs1 restart"
    When I run "vserver --silent vs1 suexec alice sh -c 'true & wait; echo on'"
    Then it prints "on"
    When I run "vserver --silent vs2 suexec alice true"
    Then the command fails

  Scenario: a guest without the word shares the host's account
    Given the guest "vs2" is stopped
    And the guest "vs2" has the setting S_FLAGS=lock
    And user 1000 has used up the processes of the guest "vs2"
    When I run "setpriv --reuid 1000 --clear-groups prlimit --nproc=19 sh -c 'true & wait; echo on'"
    Then the command fails
    When I run "vserver --silent vs1 suexec alice sh -c 'true & wait; echo on'"
    Then it prints "on"
