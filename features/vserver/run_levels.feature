Feature: a guest starts in its own default run level
  The line with initdefault in its /etc/inittab names it.

  @0.16-17
  Scenario Outline: the level
    Given a guest "web"
    And the file "/vservers/web/etc/inittab" with the line "<inittab>"
    And I run "vserver web start"
    Then the file "/vservers/web/var/log/rc.log" has the line "/etc/rc.d/rc <level>"

    Examples:
      | inittab            | level |
      | id:4:initdefault:  | 4     |
      | id:2:initdefault:  | 2     |
      | x:id:4:initdefault | 3     |
      | id:6:initdefault:  | 3     |
      | id::initdefault:   | 3     |

  @0.16-17
  Scenario: only the services of that level start
    Given a guest "web"
    And the file "/vservers/web/etc/inittab" with the line "id:4:initdefault:"
    And the executable file "/vservers/web/etc/rc.d/rc4.d/S50four":
      """
      echo four
      """
    When I run "vserver --silent web start"
    Then it prints "four"

  Scenario: no inittab at all
    Given a guest "web"
    And there is no file "/vservers/web/etc/inittab"
    And the guest "web" is running
    Then the file "/vservers/web/var/log/rc.log" has the line "/etc/rc.d/rc 3"

  Scenario: an inittab that is no file
    Given a guest "web"
    And I run "rm /vservers/web/etc/inittab; mkfifo /vservers/web/etc/inittab"
    When I run "vserver --silent web start"
    Then the command succeeds
    And it says "vserver: /etc/inittab in 'web': Not a regular file" on standard error
    And the file "/vservers/web/var/log/rc.log" has the line "/etc/rc.d/rc 3"

  @0.19-02 @0.19-03
  Scenario: a Debian guest
    Given a guest "web" with a Debian layout
    When I run "vserver --silent web start"
    Then it prints "Starting httpd: [  OK  ]"
    And the file "/vservers/web/var/log/rc.log" has the line "/etc/init.d/rc 3"

  @0.21-33
  Scenario: the scripts are told both levels
    Given a guest "web" with a Debian layout
    And the file "/vservers/web/etc/inittab" with the line "id:2:initdefault:"
    And the executable file "/vservers/web/etc/rc2.d/S06log":
      """
      echo "$1 $PREVLEVEL $RUNLEVEL"
      """
    And I run "cd /vservers/web/etc/rc2.d && ln -s ../init.d/httpd S85httpd"
    And I run "cp -p /vservers/web/etc/rc2.d/S06log /vservers/web/etc/rc6.d/K06log"
    When I run "PREVLEVEL=7 RUNLEVEL=8 vserver --silent web start; vserver --silent web stop"
    Then it prints:
      """
      start N 2
      Starting httpd: [  OK  ]
      stop 2 6
      Shutting down httpd: [  OK  ]
      """
