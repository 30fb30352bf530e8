Feature: vserver NAME start brings a guest up
  The guest's rc script works through its default run level, and start returns when it is done.

  Background:
    Given I run "chmod 000 /vservers"
    And a guest "web"

  @0.3-03 @0.10-35 @0.10-37 @0.26-18
  Scenario: what start prints
    When I run "vserver web start"
    Then the command succeeds
    And it prints:
      """
      Starting the virtual server web
      Server web is not running
      ipv4root is now 0.0.0.0
      New security context is 49152
      Starting httpd: [  OK  ]
      """
    And standard error is empty

  @0.10-35
  Scenario: start waits for the end of the guest's rc script
    Given the executable file "/vservers/web/etc/rc.d/rc3.d/S90slow":
      """
      sleep 1; echo done >/slow
      """
    When I run "vserver web start"
    Then the file "/vservers/web/slow" has the line "done"
    And the guest "web" is running

  Scenario: what the rc script returns does not matter
    Given the executable file "/vservers/web/etc/rc.d/rc":
      """
      httpd -h /var/www; exit 9
      """
    When I run "vserver web start"
    Then the command succeeds
    And the guest "web" is running

  Scenario: a guest that runs is left alone
    Given the guest "web" is running
    When I run "vserver web start"
    Then the command succeeds
    And it prints:
      """
      Starting the virtual server web
      Server web is running
      """

  Scenario: services survive the terminal that they were started from
    Given the executable file "/vservers/web/etc/rc.d/rc3.d/S10plain":
      """
      sleep 4711 &
      """
    And "vserver web start" runs on a terminal
    Then the command on the terminal ends with status 0
    And the process "sleep 4711" runs on the host

  @0.3-03 @0.19-17
  Scenario: --silent removes the progress, not the services' own lines
    When I run "vserver --silent web start"
    Then it prints "Starting httpd: [  OK  ]"

  @0.3-01
  Scenario: the guest has its /proc and its pseudo-terminals
    Given the guest "web" is running
    When the guest "web" runs "cut -d ' ' -f 2,3 /proc/mounts"
    Then the output has the line "/proc proc"
    And the output has the line "/dev/pts devpts"
    When I run "vserver web exec tty" on a terminal
    Then the screen shows "/dev/pts/0"

  @0.3-02 @0.9-14
  Scenario: the host's mount table stays as it was
    When I run "cd /vservers/web/tmp && vserver web start && vserver web exec true"
    Then the command succeeds
    And the host has no mounts below /vservers

  @0.11-03
  Scenario: start empties /var/run, but keeps its directories
    Given the file "/vservers/web/var/run/httpd.pid" with the line "4711"
    And the file "/vservers/web/var/run/sub/deep.pid" with the line "4712"
    And I run "chmod 1770 /vservers/web/var/run/sub; chown 33:33 /vservers/web/var/run/sub"
    When I run "vserver web start; stat -c '%a %u' /vservers/web/var/run/sub"
    Then the output has the line "1770 33"
    And the file "/vservers/web/var/run/httpd.pid" does not exist
    And the file "/vservers/web/var/run/sub/deep.pid" does not exist

  Scenario: start removes the locks of services
    Given the empty file "/vservers/web/var/lock/subsys/crond"
    When I run "vserver web start; ls /vservers/web/var/lock/subsys"
    Then the output has the line "httpd"
    And the file "/vservers/web/var/lock/subsys/crond" does not exist

  @0.0-01
  Scenario: several guests run side by side under one kernel
    Given a guest "mail"
    And the guest "web" has the setting S_HOSTNAME=web.example.com
    And the guest "mail" has the setting S_HOSTNAME=mail.example.com
    And I run "vserver web start && vserver mail start"
    When I run "for guest in web mail; do vserver --silent $guest exec uname -n; done"
    Then it prints:
      """
      web.example.com
      mail.example.com
      """
    When I run "vserver --silent web exec uname -r | grep -cx $(uname -r)"
    Then it prints "1"

  Scenario: a guest that has nothing to start with
    Given there is no file "/vservers/web/etc/rc.d/rc"
    When I run "vserver --silent web start"
    Then the command fails with status 1
    And it says "Can't execute /etc/rc.d/rc (No such file or directory)" on standard error
    And the guest "web" is not running

  Scenario: it is no other on a terminal, or with the output in a file
    Given there is no file "/vservers/web/etc/rc.d/rc"
    When I run "vserver --silent web start >/tmp/out 2>&1"
    Then the command fails with status 1
    And the file "/tmp/out" is:
      """
      Can't execute /etc/rc.d/rc (No such file or directory)
      """
    When I run "vserver --silent web start" on a terminal
    Then the screen shows "Can't execute /etc/rc.d/rc (No such file or directory)"
    And the command on the terminal ends with status 1

  Scenario: twenty starts at once start the guest once
    Given the executable file "/vservers/web/etc/rc.d/rc":
      """
      echo started >>/starts; httpd -h /var/www
      """
    When I run "for i in $(seq 20); do vserver --silent web start & done; wait; cat /vservers/web/starts"
    Then it prints "started"
    And standard error is empty

  Scenario: the names are said when they are made, and only then
    Given the guest "web" has the setting S_HOSTNAME=guest1
    And the guest "web" has the setting S_DOMAINNAME=guestdom
    When I run "vserver web exec true"
    Then it prints:
      """
      ipv4root is now 0.0.0.0
      Host name is now guest1
      Domain name is now guestdom
      New security context is 49152
      """
    Given the guest "web" is running
    When I run "vserver web exec sh -c 'echo $HOSTNAME'"
    Then it prints:
      """
      ipv4root is now 0.0.0.0
      New security context is 49153
      guest1
      """
