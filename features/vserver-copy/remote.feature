Feature: vserver-copy copies a guest to another machine

  Background:
    Given a guest "web"
    And the guest "web" has the setting ONBOOT=yes
    And root of the host may log in to the lan machine by ssh

  @0.26-12
  Scenario: the same guest there, which starts
    Given the executable file "/etc/vservers/web.sh":
      """
      #!/bin/sh
      echo "$1 $2" >>/var/log/hook
      """
    When I run "vserver-copy web lan:"
    Then the command succeeds
    And the output has the line "I: vserver-copy: Attempting to copy web to lan:web"
    When I run "vserver web start && vserver --silent web exec cat /etc/passwd && cat /var/log/hook" on the lan machine
    Then the command succeeds
    And the output has the line "www:x:33:33:web server:/var/www:/bin/sh"
    And the output has the line "pre-start web"
    When I run "/usr/lib/vserver/printconf.sh web" on the lan machine
    Then the output has the line "ONBOOT=no"

  @0.26-13
  Scenario: the tree goes through rsync and ssh
    Given the executable file "/usr/local/bin/ssh":
      """
      #!/bin/sh
      echo "ssh $*" >>/tmp/log
      exec /usr/bin/ssh "$@"
      """
    And the executable file "/usr/local/bin/rsync":
      """
      #!/bin/sh
      echo "rsync $*" >>/tmp/log
      exec /usr/bin/rsync "$@"
      """
    When I run "PATH=/usr/local/bin:$PATH vserver-copy web lan:web2"
    Then the command succeeds
    And the file "/tmp/log" contains "/vservers/web/ lan:/vservers/web2/"
    And the file "/tmp/log" contains "&& rsync --server"
    When I run "test -e /vservers/web2/etc/passwd -a -e /etc/vservers/web2.conf" on the lan machine
    Then the command succeeds

  @0.26-12
  Scenario: it moves
    Given the guest "web" is running
    When I run "vserver-copy --stopstart web lan:"
    Then the command succeeds
    And the guest "web" is stopped
    And the file "/etc/vservers/web.conf" has the line "ONBOOT="no""
    When I run "vserver web running" on the lan machine
    Then the command succeeds

  Scenario: never over a running guest
    Given I run "vserver-copy web lan:"
    When I run "vserver web start" on the lan machine
    And I run "vserver-copy web lan:"
    Then the command fails with status 1
    And it says on standard error:
      """
      W: vserver-copy: destination vserver "web" is running
      E: vserver-copy: Cannot copy over a running vserver
      """

  Scenario: what cannot be reached is not taken for stopped
    When I run "vserver-copy -q web 192.0.2.99:"
    Then the command fails with status 1
    And it prints nothing
    And standard error is empty
    And the guest "web" is stopped
