Feature: vserver says in one line what is wrong, and does nothing

  Background:
    Given a guest "web"

  Scenario Outline: a guest that does not exist, or cannot
    When I run "vserver '<name>' start"
    Then the command fails with status 1
    And it prints "No configuration for this vserver: /etc/vservers/<name>.conf"
    And standard error is empty

    Examples:
      | name      |
      | nix       |
      | web/      |
      | ../web    |
      | .web      |
      | w b       |
      | w;reboot  |

  Scenario: an unknown guest counts before an unknown command
    When I run "vserver nix fly"
    Then the command fails with status 1
    And it prints "No configuration for this vserver: /etc/vservers/nix.conf"

  Scenario: an unknown command
    When I run "vserver web fly | head -n 3"
    Then it prints:
      """
      Command unknown fly

      vserver [ options ] server-name command ...
      """
    When I run "vserver web fly"
    Then the command fails with status 1

  Scenario: no tree
    Given there is no file "/vservers/web"
    When I run "vserver web start"
    Then the command fails with status 1
    And it prints "No directory for this vserver: /vservers/web"

  Scenario Outline: a tree that cannot be one
    Given the guest "web" has the setting VSERVERDIR=<value>
    When I run "vserver web start"
    Then the command fails with status 1
    And it says "vserver: unusable VSERVERDIR: <value>" on standard error

    Examples:
      | value        |
      | /            |
      | /tmp/..      |
      | vservers/web |

  Scenario Outline: a broken configuration stops every command
    Given the file "/etc/vservers/web.conf" with the line "exit 3"
    When I run "vserver web <command>"
    Then the command fails with status 1
    And it says "Error in configuration file /etc/vservers/web.conf" on standard error

    Examples:
      | command   |
      | start     |
      | stop      |
      | restart   |
      | running   |
      | status    |
      | exec true |
      | enter     |
      | fly       |

  Scenario Outline: a setting that cannot be
    Given the guest "web" has the setting <setting>
    When I run "vserver --silent web start"
    Then the command fails with status 1
    And it says "<message>" on standard error
    And the guest "web" is not running

    Examples:
      | setting        | message                                        |
      | S_CONTEXT=1    | vserver: invalid S_CONTEXT: 1                  |
      | S_CONTEXT=-5   | vserver: invalid S_CONTEXT: -5                 |
      | S_CONTEXT=many | vserver: invalid S_CONTEXT: many               |
      | S_NICE=fast    | vserver: invalid S_NICE: fast                  |
      | S_NICE=20      | vserver: invalid S_NICE: 20                    |

  Scenario: a setting that cannot be runs no hook
    Given the guest "web" has the setting S_NICE=fast
    And the executable file "/etc/vservers/web.sh":
      """
      touch /tmp/hook
      """
    When I run "vserver web start"
    Then the file "/tmp/hook" does not exist

  Scenario: a bad address
    Given the guest "web" has the setting IPROOT=300.1.1.1
    When I run "vserver --silent web exec true"
    Then the command fails with status 255
    And the guest "web" is not running
    When I run "vserver --silent web start"
    Then the command fails with status 1
    And the guest "web" is not running

  Scenario: words that vserver does not know are told, and left out
    Given the guest "web" has the setting S_FLAGS="lock shiny"
    And the guest "web" has the setting S_CAPS=CAP_SHINE
    And the guest "web" has the setting ULIMIT="-n 100 -x 3"
    When I run "vserver --silent web exec true"
    Then the command succeeds
    And it says on standard error:
      """
      vserver: ulimit: -x: invalid option
      Unknown capability CAP_SHINE
      Unknown flag shiny
      """

  Scenario: a user who is not root
    Given the host has the user "joe"
    And I run "chmod 000 /vservers && chmod 755 /etc/vservers"
    When I run "su joe -c 'vserver web exec true'"
    Then the command fails with status 1
    And it prints "No directory for this vserver: /vservers/web"

  Scenario Outline: standard output is full
    When I run "vserver web <command> >/dev/full"
    Then the command fails with status 1
    And it says "vserver: write error: No space left on device" on standard error

    Examples:
      | command |
      | running |
      | status  |
      | fly     |

  Scenario Outline: a guest is started and stopped, whoever reads of it
    Given the guest "web" has the setting IPROOT=eth0:192.0.2.20
    And I run "vserver web <before>"
    When I run "vserver web <command> >/dev/full"
    Then the command fails with status 1
    And it says "vserver: write error: No space left on device" on standard error
    When I run "vserver web running"
    Then it prints "Server web is <state>"

    Examples:
      | before | command | state       |
      | stop   | start   | running     |
      | start  | restart | running     |
      | start  | stop    | not running |

  Scenario: the output of a command is its own
    When I run "vserver web exec true >/dev/full"
    Then the command succeeds
    And standard error is empty
    When I run "vserver web exec echo text >/dev/full"
    Then the command fails with status 255
    And it says "vserver: write error: No space left on device" on standard error

  Scenario: what cannot be printed is shown by its bytes
    When I run "vserver "$(printf 'web\033[2J\377')" start"
    Then the command fails with status 1
    And it prints "No configuration for this vserver: /etc/vservers/web\033[2J\377.conf"
    When I run "vserver "$(printf 'we\nb')" build"
    Then the command fails with status 1
    And it says "vserver: invalid vserver name: we\012b" on standard error

  Scenario: a part of the package is of another version, as in the middle of an upgrade
    When I run "/usr/lib/vserver/stub wait 1"
    Then the command fails with status 255
    And it says "vserver: the program stub is of another version of the package" on standard error

  Scenario: few files may be open
    Given the guest "web" is running
    When I run "ulimit -n 16; vserver --silent web exec echo text"
    Then it prints "text"
    And the command succeeds
    When I run "ulimit -n 16; vserver --silent web stop"
    Then the command succeeds
    And standard error is empty

  Scenario: a part of the package is missing
    Given there is no file "/usr/lib/vserver/stub"
    When I run "vserver --silent web start"
    Then the command fails with status 1
    And it says on standard error:
      """
      /usr/lib/vserver/stub is missing
      install vserver again
      """
    And the guest "web" is not running

  Scenario Outline: a root server without cgroups
    Given I run "mount -t tmpfs none /sys/fs/cgroup"
    When I run "vserver --silent web <command>"
    Then the command fails with status <status>
    And it says on standard error:
      """
      cgroup v2 is not mounted
      mount it: mount -t cgroup2 none /sys/fs/cgroup
      """

    Examples:
      | command   | status |
      | start     | 1      |
      | stop      | 1      |
      | exec true | 255    |

  Scenario: a guest cannot be built where a file is
    Given the guest "web" has the setting VSERVERDIR=/etc/passwd
    When I run "vserver web build"
    Then the command fails with status 1
    And it says "vserver: cannot build 'web': /etc/passwd/..: Not a directory" on standard error

  Scenario: a locale that the root server does not have is no matter
    When I run "LC_ALL=xx_YY vserver --silent web start"
    Then the command succeeds
    And standard error is empty
