Feature: the companion script of a guest is called around start and stop
  /etc/vservers/NAME.sh gets the event and the name. It is run only if it is executable.

  Background:
    Given a guest "web"
    And the executable file "/etc/vservers/web.sh":
      """
      echo "$1 $2 in $PWD" >>/tmp/hooks
      exit 1
      """

  @0.10-39 @0.29-12
  Scenario: a start and a stop
    Given I run "cd /root; vserver web start; vserver web stop"
    Then the file "/tmp/hooks" is:
      """
      pre-start web in /root
      post-start web in /vservers/web
      pre-stop web in /root
      post-stop web in /
      """

  @0.10-39 @0.29-12
  Scenario: before and after the services
    Given the executable file "/etc/vservers/web.sh":
      """
      echo "$1"
      """
    When I run "vserver --silent web start"
    Then it prints:
      """
      pre-start
      Starting httpd: [  OK  ]
      post-start
      """

  @0.16-21
  Scenario: post-stop comes even if the guest does not run
    When I run "vserver web stop"
    Then the file "/tmp/hooks" is:
      """
      post-stop web in /
      """

  @0.16-22
  Scenario: exec in a stopped guest calls pre-start first
    When I run "vserver --silent web exec true"
    Then the file "/tmp/hooks" is:
      """
      pre-start web in /root
      """

  @0.16-22
  Scenario: exec in a running guest calls nothing
    Given the guest "web" is running
    And there is no file "/tmp/hooks"
    When I run "vserver web exec true; vserver web suexec alice true; vserver web service httpd status"
    Then the file "/tmp/hooks" does not exist

  @0.16-23
  Scenario: enter in a stopped guest calls pre-start before the prompt
    Given the executable file "/etc/vservers/web.sh":
      """
      echo "hook $1"
      """
    And "vserver --silent web enter" runs on a terminal
    Then the screen shows "hook pre-start"
    And the screen shows "[root@vserver:web /]"

  @0.29-11
  Scenario: what pre-start mounts is in the guest and in its mtab
    Given the directory "/vservers/web/srv"
    And the executable file "/etc/vservers/web.sh":
      """
      [ "$1" = pre-start ] && mount -t tmpfs -o size=1m store /vservers/web/srv
      [ "$1" = post-stop ] && umount /vservers/web/srv
      """
    And the guest "web" is running
    When the guest "web" runs "grep -c ' /srv tmpfs ' /etc/mtab /proc/mounts"
    Then it prints:
      """
      /etc/mtab:1
      /proc/mounts:1
      """
    When I run "vserver web stop"
    Then the host has no mounts below /vservers

  Scenario: pre-start may mount the tree itself
    Given I run "mv /vservers/web /srv/web && mkdir /vservers/web"
    And the executable file "/etc/vservers/web.sh":
      """
      [ "$1" = pre-start ] && mount --bind /srv/web /vservers/web
      [ "$1" = post-stop ] && umount /vservers/web
      """
    When I run "vserver --silent web start"
    Then it prints "Starting httpd: [  OK  ]"
    When I run "vserver --silent web stop"
    Then the command succeeds
    And the host has no mounts below /vservers

  Scenario: a hook may call vserver itself
    Given the executable file "/etc/vservers/web.sh":
      """
      case $1 in
      post-start) vserver --silent web exec touch /by-hook ;;
      pre-stop) vserver --silent web exec rm /by-hook ;;
      esac
      vserver web running
      """
    When I run "vserver --silent web start; ls /vservers/web/by-hook; vserver --silent web stop"
    Then it prints:
      """
      Server web is not running
      Starting httpd: [  OK  ]
      Server web is running
      /vservers/web/by-hook
      Server web is running
      Shutting down httpd: [  OK  ]
      Server web is not running
      """

  @0.10-40
  Scenario: with fakeinit post-start comes once, whenever that is
    Given a guest "own" with an init of its own
    And the executable file "/etc/vservers/own.sh":
      """
      echo "$1" >>/tmp/own
      """
    And the guest "own" is running
    Then the file "/tmp/own" is:
      """
      pre-start
      post-start
      """
