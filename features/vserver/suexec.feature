Feature: vserver NAME suexec runs a command as a user of the guest
  The user is one of the guest: the host need not know it.

  Background:
    Given a guest "web"
    And the guest "web" is running

  @0.19-12 @0.19-13 @0.21-28
  Scenario: a user that only the guest knows
    When I run "vserver --silent web suexec alice id"
    Then it prints "uid=1000(alice) gid=1000(alice)"

  @0.19-12
  Scenario: words keep their boundaries
    When I run "vserver --silent web suexec alice printf '[%s]' 'a b' '' c; echo"
    Then it prints "[a b][][c]"

  @0.19-12
  Scenario: a number
    When I run "vserver --silent web suexec 33 id -un"
    Then it prints "www"

  @0.19-13
  Scenario: a user that only the host knows
    Given the host has the user "joe"
    When I run "vserver --silent web suexec joe touch /tmp/done"
    Then the command fails with status 255
    And it says "User not found: joe" on standard error
    And the file "/vservers/web/tmp/done" does not exist

  @0.21-29
  Scenario: root is user 0, whatever the guest's files say
    Given the empty file "/vservers/web/etc/passwd"
    When I run "vserver --silent web suexec root id -u"
    Then it prints "0"

  @0.21-30
  Scenario: a user has no capabilities
    When I run "vserver --silent web suexec alice grep -E '^Cap(Inh|Prm|Eff|Amb):' /proc/self/status"
    Then it prints:
      """
      CapInh:	0000000000000000
      CapPrm:	0000000000000000
      CapEff:	0000000000000000
      CapAmb:	0000000000000000
      """

  Scenario Outline: a word is missing
    When I run "vserver web <words>"
    Then the command fails with status 1
    And it prints nothing
    And it says on standard error:
      """
      <message>
      vserver vserver-name suexec user command [ args ... ]
      """

    Examples:
      | words           | message                        |
      | suexec          | Missing user!                  |
      | suexec ''       | Missing user!                  |
      | suexec alice    | Missing command and arguments! |
      | suexec alice '' | Missing command and arguments! |
      | exec            | Missing command and arguments! |

  Scenario: nothing is done when a word is missing
    Given the guest "web" is stopped
    And the executable file "/etc/vservers/web.sh":
      """
      touch /tmp/hook
      """
    When I run "vserver web suexec alice"
    Then the file "/tmp/hook" does not exist
