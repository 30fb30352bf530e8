Feature: vkill checks its words before it signals anybody

  Scenario Outline: how it is called
    Given "exec sleep 778" runs in the background
    And I run "until pgrep -x -f 'sleep 778'; do sleep 0.05; done"
    When I run "vkill <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "vkill version 0.31"
    And the process "sleep 778" runs on the host

    Examples:
      | words                                     |
      |                                           |
      | 0                                         |
      | -1                                        |
      | 1x                                        |
      | 4294967297                                |
      | $(pgrep -x -f 'sleep 778') ''             |
      | -s                                        |
      | -c web 1                                  |
      | -c 0                                      |
      | -k $(pgrep -x -f 'sleep 778')             |

  Scenario: a context that cannot be
    When I run "vkill -c 65536"
    Then the command fails with status 1
    And it says "vkill: No process in security context 65536" on standard error

  Scenario Outline: a signal that is none
    When I run "vkill -s <signal> 1"
    Then the command fails with status 255
    And it says "Invalid signal specified" on standard error

    Examples:
      | signal |
      | FOO    |
      | SIG    |
      | 65     |
      | -9     |
