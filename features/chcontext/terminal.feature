Feature: on a terminal the command gets one of its own
  The administrator's terminal is not handed in: the command could push characters into it that a
  shell reads after the end of chcontext.

  Scenario: it is a terminal of the context
    Given "chcontext --silent bash --norc" runs on a terminal
    When I type "tty; ps -o tty= $$"
    Then the screen shows "/dev/pts/0"

  Scenario: Control-C ends a command in there
    Given "chcontext --silent bash --norc" runs on a terminal
    When I type "sleep 4711"
    Then the process "sleep 4711" runs on the host
    When I press Control-C
    Then no process "sleep 4711" runs on the host
    When I type "echo still $((40 + 2))"
    Then the screen shows "still 42"
    When I type "exit 5"
    Then the command on the terminal ends with status 5

  Scenario: the size of the window follows
    Given "chcontext --silent bash --norc" runs on a terminal
    When I type "stty size"
    Then the screen shows "24 80"
    When the terminal is resized to 40 rows and 132 columns
    And I type "stty size"
    Then the screen shows "40 132"

  Scenario Outline: the terminal is restored, however the command ends
    Given "stty -a >/tmp/before; chcontext --silent <command>; stty -a >/tmp/after; cmp /tmp/before /tmp/after && echo the same" runs on a terminal
    Then the screen shows "the same"

    Examples:
      | command                            |
      | stty raw -echo                     |
      | sh -c 'stty raw -echo; kill -9 $$' |
      | nosuch                             |
      | --flag fakeinit stty raw -echo     |

  Scenario: only what is a terminal is replaced
    Given "chcontext --silent sh -c 'tty; tty <&2' </dev/null | cat; echo end" runs on a terminal
    Then the screen shows "end"
    And the screen shows "not a tty"
    And the screen shows "/dev/pts/0"

  Scenario: a command in the background leaves the keys to the shell
    Given "bash --norc" runs on a terminal
    When I type "chcontext --silent --disconnect sh -c 'sleep 0.2; echo back$((1))ground; sleep 4711'"
    Then the screen shows "back1ground"
    When I type "echo typed$((2))"
    Then the screen shows "typed2"
