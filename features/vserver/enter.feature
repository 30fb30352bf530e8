Feature: vserver NAME enter gives a login shell in a guest
  The shell has a terminal of the guest's own: the administrator's is not handed in.

  Background:
    Given a guest "web"
    And the file "/vservers/web/etc/profile" with the line "FOO=from-profile"

  @0.4-13 @0.17-02
  Scenario: it is a login shell
    Given "vserver web enter" runs on a terminal
    When I type "echo $FOO $(shopt login_shell)."
    Then the screen shows "from-profile login_shell on."

  Scenario: the prompt says where one is
    Given "vserver web enter" runs on a terminal
    Then the screen shows "[root@vserver:web /]"

  @0.10-17
  Scenario: Control-C ends a command and not the shell
    Given "vserver web enter" runs on a terminal
    When I type "sleep 4711"
    Then the process "sleep 4711" runs on the host
    When I press Control-C
    Then no process "sleep 4711" runs on the host
    When I type "echo still $((40 + 2))"
    Then the screen shows "still 42"

  Scenario: Control-Z stops a command, as in any shell
    Given "vserver web enter" runs on a terminal
    When I type "sleep 4711"
    Then the process "sleep 4711" runs on the host
    When I press Control-Z
    Then the screen shows "Stopped"

  Scenario: the exit status is the shell's
    Given "vserver web enter" runs on a terminal
    When I type "exit 5"
    Then the command on the terminal ends with status 5

  Scenario: the terminal is one of the guest's
    Given the guest "web" is running
    And "vserver web enter" runs on a terminal
    When I type "tty; ls /dev/pts"
    Then the screen shows "/dev/pts/0"

  Scenario: the size of the window follows
    Given "vserver web enter" runs on a terminal
    When I type "stty size"
    Then the screen shows "24 80"
    When the terminal is resized to 40 rows and 132 columns
    And I type "stty size"
    Then the screen shows "40 132"

  Scenario: words after enter are ignored
    Given "vserver web enter some more words" runs on a terminal
    When I type "exit 4"
    Then the command on the terminal ends with status 4

  Scenario: commands may come through a pipe
    When I run "vserver --silent web enter" with the input:
      """
      echo $FOO
      exit 6
      """
    Then the command fails with status 6
    And the output has the line "from-profile"

  @0.9-14
  Scenario: a guest that was stopped
    Given "vserver web enter" runs on a terminal
    When I type "ls -d /proc/1 /dev/pts"
    Then the screen shows "/proc/1"
    And the guest "web" is running
    When I type "exit"
    Then the command on the terminal ends with status 0
    And the guest "web" is not running
    And the host has no mounts below /vservers

  @0.21-22
  Scenario: --nodev sets no address
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    And "vserver --nodev web enter" runs on a terminal
    When I type "echo in the $((1 * 1))st shell"
    Then the screen shows "in the 1st shell"
    And the host has no aliases on eth0
