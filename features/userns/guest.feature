Feature: a guest with a user namespace is the same as one without
  Owners of files, rights and services stay what they were. What a guest's root might do to the
  host by its rights, if the other walls had a hole, is gone.

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" has the setting S_FLAGS="lock userns"

  Scenario: files belong to the same users inside and outside
    Given the guest "web" is running
    When I run "vserver --silent web suexec alice touch /home/alice/hers; vserver --silent web exec chown 33 /var/www; stat -c %u /vservers/web/home/alice/hers /vservers/web/var/www"
    Then it prints:
      """
      1000
      33
      """

  Scenario: services use ports below 1024
    Given the guest "web" is running
    When I run "wget -q -O - http://192.0.2.20/" on the lan machine
    Then it prints "web"

  Scenario: plain users of it do not
    Given the guest "web" can listen and ask
    When I run "vserver --silent web suexec alice listen 0.0.0.0:23"
    Then the command fails
    And standard error contains "Permission denied"

  Scenario: a login shell has a terminal
    Given the guest "web" is running
    And "vserver web enter" runs on a terminal
    When I type "tty; sleep 50 & kill %1; stty size >/dev/null && echo of $(id -u)"
    Then the screen shows "/dev/pts/0"
    And the screen shows "of 0"

  Scenario: root has the capabilities that it has without
    When the guest "web" runs "grep -E '^Cap(Prm|Eff|Bnd|Inh|Amb)' /proc/self/status"
    Then it prints:
      """
      CapInh:	0000000000000000
      CapPrm:	00000000b40c05ff
      CapEff:	00000000b40c05ff
      CapBnd:	00000000b40c05ff
      CapAmb:	0000000000000000
      """

  Scenario Outline: a capability that would have no effect stops the start
    Given the guest "web" has the setting S_CAPS=<word>
    When I run "vserver --silent web <command>"
    Then the command fails
    And it says "S_CAPS: <word> and S_FLAGS userns exclude each other" on standard error
    And the guest "web" is not running

    Examples:
      | word          | command   |
      | CAP_NET_RAW   | start     |
      | sys_nice      | exec true |

  Scenario: a capability can be taken away
    Given the guest "web" has the setting S_CAPS=!CAP_NET_BIND_SERVICE
    And the guest "web" can listen and ask
    When the guest "web" runs "listen 0.0.0.0:80"
    Then the command fails
    And standard error contains "Permission denied"

  Scenario: chcontext does not know the word
    When I run "chcontext --flag userns true"
    Then standard error contains "Unknown flag userns"
