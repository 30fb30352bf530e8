Feature: chcontext refuses what it cannot do, in one line

  Scenario Outline: a wrong call shows the usage
    When I run "chcontext <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "chcontext version 0.31"

    Examples:
      | words              |
      |                    |
      | --silent           |
      | --bogus true       |
      | -s true            |
      | --ctx=5 true       |
      | --ctx              |
      | --flag             |
      | --cap              |
      | --hostname         |
      | --secure --domainname |

  Scenario: the usage
    When I run "chcontext --help"
    Then the command succeeds
    And standard error contains "--disconnect      run the command in the background"

  Scenario Outline: a context that cannot be had
    When I run "chcontext <words> true"
    Then the command fails with status 255
    And it prints nothing
    And it says "<line>" on standard error

    Examples:
      | words          | line                                               |
      | --ctx garbage  | Invalid context number: garbage                    |
      | --ctx 5x       | Invalid context number: 5x                         |
      | --ctx 65536    | Can't set the new security context (Invalid argument) |
      | --ctx -3       | Can't set the new security context (Invalid argument) |

  Scenario: a process is in one context only
    When I run "chcontext --ctx 500 --ctx 501 true"
    Then the command fails with status 255
    And it says on standard error:
      """
      The current kernel does not support new_s_context revision 1
      Can't set the new security context (Invalid argument)
      """

  Scenario: more than 16 contexts
    When I run "chcontext $(for i in $(seq 17); do echo --ctx 5; done) true"
    Then the command fails with status 255
    And standard error contains "Too many context, max 16, ignored."

  Scenario Outline: a command that cannot be executed
    When I run "chcontext --silent <words>"
    Then the command fails with status 255
    And it says "<line>" on standard error

    Examples:
      | words                  | line                                            |
      | nosuch                 | Can't exec nosuch (No such file or directory)   |
      | --flag fakeinit nosuch | Can't exec nosuch (No such file or directory)   |
      | --ctx 1 nosuch         | Can't exec nosuch (No such file or directory)   |
      | /etc                   | Can't exec /etc (Permission denied)             |
      | -- --help              | Can't exec --help (No such file or directory)   |

  Scenario: a full disk behind standard output
    When I run "chcontext true >/dev/full"
    Then the command fails with status 255
    And it says "chcontext: write error: No space left on device" on standard error

  Scenario: names that are too long are left out
    When I run "chcontext --silent --hostname $(printf %065d 0) --domainname $(printf %065d 0) uname -n"
    Then it prints "host.example.com"
    And it says on standard error:
      """
      Can't set the host name (Invalid argument)
      Can't set the domain name (Invalid argument)
      """
