Feature: vunify changes nothing when it is called wrongly

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1

  Scenario Outline: <text>
    When I run "/usr/lib/vserver/vunify <words>"
    Then the command fails with status 255
    And standard error contains "<text>"
    When I run "[ /vservers/ref/usr/bin/hello -ef /vservers/vs1/usr/bin/hello ]"
    Then the command fails

    Examples:
      | words                                  | text                                        |
      |                                        | vunify [ options ] reference-server         |
      | ref vs1 hello                          | vunify [ options ] reference-server         |
      | ref vs1 --                             | vunify [ options ] reference-server         |
      | ref -- ALL                             | vunify [ options ] reference-server         |
      | --nosuch ref vs1 -- ALL                | Invalid option --nosuch                     |
      | ref vs1 nobody -- ALL                  | Unknown vserver nobody                      |
      | ref /nowhere vs1 -- ALL                | Unknown vserver /nowhere                    |
      | --excldir usr ref vs1 -- ALL           | Directory usr is not absolute               |
      | ref /vservers/ref -- ALL               | vunify: /vservers/ref is the reference server, ignored |
      | ref vs1 -- world                       | package world is not installed in ref       |

  Scenario: a server without packages
    Given a guest "bare"
    When I run "/usr/lib/vserver/vunify bare vs1 -- ALL"
    Then the command fails with status 255
    And it says "Distribution not supported yet" on standard error

  Scenario: the same server twice is one server
    When I run "/usr/lib/vserver/vunify ref vs1 /vservers/vs1 -- hello"
    Then the command succeeds
    And it prints:
      """
      vservers vs1
      Unify pkg hello-1.0-1 from ref to vs1
      """

  Scenario: not root
    When I run "setpriv --reuid 65534 /usr/lib/vserver/vunify ref vs1 -- ALL"
    Then the command fails with status 255
    And it says "vunify: only root can do that" on standard error

  Scenario: without the right to change immutable files
    When I run "setpriv --bounding-set -linux_immutable --inh-caps -linux_immutable /usr/lib/vserver/vunify ref vs1 -- ALL"
    Then the command fails with status 255
    And it says "vunify: CAP_LINUX_IMMUTABLE is required" on standard error
