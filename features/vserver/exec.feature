Feature: vserver NAME exec runs a command in a guest
  The command gets its words, input and output as they are, and exec ends as the command did.

  Background:
    Given a guest "web"

  @0.9-16 @0.19-18
  Scenario: with --silent the output is the command's alone
    Given the guest "web" has the setting S_HOSTNAME=web.example.com
    And the guest "web" is running
    When I run "vserver --silent web exec hostname"
    Then it prints "web.example.com"
    And standard error is empty

  @0.9-16
  Scenario: without it, the names and numbers come first
    Given the guest "web" is running
    When I run "vserver web exec echo hello"
    Then it prints:
      """
      ipv4root is now 0.0.0.0
      New security context is 49152
      hello
      """

  @0.9-16
  Scenario: the exit status is the command's
    Given the guest "web" is running
    When I run "vserver --silent web exec sh -c 'exit 7'"
    Then the command fails with status 7
    And standard error is empty

  @0.9-16
  Scenario: a signal that ends the command ends vserver
    Given the guest "web" is running
    When I run "exec vserver --silent web exec sh -c 'kill -TERM $$'"
    Then the command ends by signal 15

  Scenario: a signal that vserver gets reaches the command
    Given the guest "web" is running
    And the executable file "/vservers/web/bin/patient":
      """
      trap 'echo got it; exit 3' TERM; echo ready; while :; do sleep 0.1; done
      """
    And "patient" runs in the guest "web"
    Then the command in the background prints "ready"
    When I run "pkill -TERM -x vserver"
    Then the command in the background prints "got it"
    And the command in the background ends

  Scenario: Control-C and Control-Z on a terminal
    Given the executable file "/vservers/web/bin/patient":
      """
      trap 'echo got it; exit 3' INT; echo ready; while :; do sleep 0.1; done
      """
    And "vserver web exec /bin/patient" runs on a terminal
    And the screen shows "ready"
    When I press Control-Z
    And I press Control-C
    Then the screen shows "got it"
    And the command on the terminal ends with status 3

  Scenario: Control-Z stops vserver with the command, as a job of the shell
    Given "bash --norc" runs on a terminal
    When I type "vserver --silent web exec sh -c 'echo rea''dy; sleep 1; echo en''d'"
    And the screen shows "ready"
    And I press Control-Z
    And the screen shows "Stopped"
    And I type "fg"
    Then the screen shows "end"

  Scenario: a command that the guest has stopped can be ended
    Given "vserver --silent web exec sh -c 'echo ready; kill -STOP $$'" runs in the background
    And the command in the background prints "ready"
    When I run "pkill -TERM -x vserver"
    Then the command in the background ends

  @0.21-08
  Scenario Outline: words keep their boundaries
    Given the guest "web" is <state>
    When I run "vserver --silent web exec printf '[%s]' 'a  b' '' '*' it\'s '$HOME' --silent; echo"
    Then it prints "[a  b][][*][it's][$HOME][--silent]"

    Examples:
      | state   |
      | running |
      | stopped |

  @0.19-18
  Scenario: pipes stay pipes
    Given the guest "web" is running
    When I run "seq 100000 | vserver --silent web exec cat | md5sum; seq 100000 | md5sum"
    Then it prints:
      """
      dea9193b768319cbb4ff1a137ac03113  -
      dea9193b768319cbb4ff1a137ac03113  -
      """

  Scenario: a reader that goes away ends the command
    Given the guest "web" is running
    When I run "vserver --silent web exec yes | head -n 1"
    Then it prints "y"
    And standard error is empty
    And no process "yes" runs on the host

  Scenario: standard error stays apart
    Given the guest "web" is running
    When I run "vserver --silent web exec sh -c 'echo out; echo err >&2'"
    Then it prints "out"
    And it says "err" on standard error

  @0.9-17
  Scenario: a command that is not there
    Given the guest "web" is running
    When I run "vserver --silent web exec nosuch"
    Then the command fails with status 255
    And it says "Can't execute nosuch (No such file or directory)" on standard error

  Scenario: a file without its first line is a shell script
    Given the executable file "/vservers/web/bin/plain":
      """
      echo "plain $1"
      """
    When I run "vserver --silent web exec plain words"
    Then it prints "plain words"

  @0.22-29 @0.9-16
  Scenario: a daemon does not keep exec waiting
    Given the guest "web" is running
    When I run "vserver --silent web exec sh -c 'sleep 4711 >/dev/null 2>&1 &'"
    Then the command takes less than 5 seconds
    And the process "sleep 4711" runs on the host

  Scenario: a command in a stopped guest leaves nothing mounted
    When I run "vserver --silent web exec cut -d ' ' -f 2 /proc/mounts"
    Then the output has the line "/proc"
    And the host has no mounts below /vservers
    And the guest "web" is not running
