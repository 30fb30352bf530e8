Feature: resource limits and priority of a guest
  ULIMIT has the words of the shell's ulimit. It holds for the services and for every command.

  Background:
    Given a guest "web"

  @0.7-01
  Scenario: the services get the limits
    Given the guest "web" has the setting ULIMIT="-HS -n 333"
    And the executable file "/vservers/web/etc/rc.d/rc3.d/S10limit":
      """
      ulimit -n; ulimit -H -n
      """
    When I run "vserver --silent web start"
    Then it prints:
      """
      333
      333
      Starting httpd: [  OK  ]
      """

  @0.22-31
  Scenario Outline: a command gets them
    Given the guest "web" has the setting ULIMIT="-HS -n 333"
    And the guest "web" is <state>
    When I run "vserver --silent web exec sh -c 'ulimit -n'"
    Then it prints "333"

    Examples:
      | state   |
      | running |
      | stopped |

  @0.22-30
  Scenario: a login shell gets them
    Given the guest "web" has the setting ULIMIT="-HS -n 333"
    And "vserver web enter" runs on a terminal
    When I type "echo limit $(ulimit -n)"
    Then the screen shows "limit 333"

  @0.22-31
  Scenario: what the administrator's shell has set is not passed on
    Given the executable file "/vservers/web/bin/show":
      """
      umask; cut -d ' ' -f 19 /proc/self/stat; test $(ulimit -n) = 77 || echo other
      """
    When I run "ulimit -S -n 77; umask 077; nice -n 5 vserver --silent web exec /bin/show"
    Then it prints:
      """
      0022
      0
      other
      """

  Scenario: S_NICE is for the services that start brings up
    Given the guest "web" has the setting S_NICE=7
    And the executable file "/vservers/web/etc/rc.d/rc3.d/S10nice":
      """
      cut -d ' ' -f 19 /proc/self/stat
      """
    When I run "vserver --silent web start; vserver --silent web exec cut -d ' ' -f 19 /proc/self/stat"
    Then it prints:
      """
      7
      Starting httpd: [  OK  ]
      0
      """

  @0.7-10 @controllers
  Scenario: without nproc the limit is for each user
    Given the guest "web" has the setting ULIMIT="-HS -u 50"
    And the guest "web" is running
    When I run "vserver --silent web exec sh -c 'for i in $(seq 100); do sleep 4711 & done'; vserver web status"
    Then the output has the line "101 processes running"

  @0.7-10 @controllers
  Scenario: nproc bounds the guest as a whole
    Given the guest "web" has the setting ULIMIT="-HS -u 50"
    And the guest "web" has the setting S_FLAGS=nproc
    And the guest "web" is running
    When I run "vserver --silent web exec sh -c 'for i in $(seq 100); do sleep 4711 & done' ; vserver web status"
    Then the output has the line "48 processes running"
    When I run "vserver --silent web stop"
    Then the command succeeds
    And no process "sleep 4711" runs on the host
