Feature: vserver NAME service controls one service of a guest
  The guest's own service program does it, or else the script itself.

  @0.9-15
  Scenario: each action reaches the script
    Given a guest "web" of Red Hat style
    And the guest "web" is running
    When I run "for action in stop start restart; do vserver --silent web service crond $action; done"
    Then it prints:
      """
      Stopping crond: [  OK  ]
      Starting crond: [  OK  ]
      Stopping crond: [  OK  ]
      Starting crond: [  OK  ]
      """

  @0.9-15
  Scenario: the daemon belongs to the guest
    Given a guest "web" of Red Hat style
    And the guest "web" is running
    And I run "vserver web service crond stop && vserver web service crond start"
    When I run "vserver --silent web service crond status | cut -d ' ' -f 1,4-"
    Then it prints "crond is running..."
    And the process "/bin/bash /usr/sbin/crond" runs on the host
    When I run "vserver web stop"
    Then no process "/bin/bash /usr/sbin/crond" runs on the host

  @0.16-18
  Scenario: the scripts of a Debian guest
    Given a guest "web" with a Debian layout
    And the executable file "/vservers/web/etc/init.d/testd":
      """
      echo "testd $*"
      """
    When I run "vserver --silent web service testd start now"
    Then it prints "testd start now"

  @0.16-18
  Scenario: the scripts of an old Red Hat guest
    Given a guest "web"
    And the executable file "/vservers/web/etc/rc.d/init.d/testd":
      """
      echo "testd $*"
      """
    When I run "vserver --silent web service testd start now"
    Then it prints "testd start now"

  Scenario: the status is the service's
    Given a guest "web" of Red Hat style
    When I run "vserver --silent web service crond status"
    Then the command fails with status 3
    And it prints "crond is stopped"

  Scenario: no word at all, and no service program
    Given a guest "web"
    When I run "vserver web service"
    Then the command fails with status 1
    And it says "vserver: service needs the name of a service" on standard error
