Feature: the command rebootmgr
  It stays in the foreground and serves the virtual servers that it is given.

  Background:
    Given a guest "vs1" that can ask for a reboot

  Scenario: without arguments
    When I run "rebootmgr"
    Then the command fails with status 255
    And it says on standard error:
      """
      rebootmgr version 0.31

      rebootmgr [--pidfile file ] [--new] vserver-name [ vserver-name ...]
      """

  Scenario: an argument that is none
    When I run "rebootmgr --all vs1"
    Then the command fails with status 255
    And it says on standard error:
      """
      Invalid argument --all
      rebootmgr version 0.31

      rebootmgr [--pidfile file ] [--new] vserver-name [ vserver-name ...]
      """

  Scenario: unknown virtual servers only
    When I run "rebootmgr --pidfile /var/run/rebootmgr.pid nobody"
    Then the command fails with status 255
    And it says "No configuration for this vserver: /etc/vservers/nobody.conf" on standard error
    And the file "/var/run/rebootmgr.pid" does not exist

  Scenario: an unknown one among others
    Given the guest "vs1" is running
    And "rebootmgr nobody vs1" is serving
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario: a signal ends it with status 0
    When I run "timeout --preserve-status 1 rebootmgr vs1"
    Then the command succeeds
    And standard error is empty

  @0.3-10
  Scenario: nobody listens to what it prints
    Given the guest "vs1" is running
    And "rebootmgr nobody vs1 2>&1 | true" is serving
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  @0.29-29 @0.29-22 @0.29-05
  Scenario: the tree is where the configuration says
    Given I run "mkdir -p /data/x && mv /vservers/vs1 /data/x/box"
    And the guest "vs1" has the setting VSERVERDIR=$(echo /data/x/box)
    And the guest "vs1" is running
    And "rebootmgr vs1" is serving
    When I run "test -S /data/x/box/dev/reboot"
    Then the command succeeds
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario: the path of a tree may be of any length
    Given I run "d=/data/$(printf %0100d 0); mkdir -p $d && mv /vservers/vs1 $d/box && ln -s $d/box /vservers/vs1"
    And the guest "vs1" has the setting VSERVERDIR=$(readlink /vservers/vs1)
    And the guest "vs1" is running
    And "rebootmgr vs1" is serving
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario Outline: nothing in the tree leads outside
    Given I run "rm -rf /vservers/vs1/dev; <prank>"
    When I run "rebootmgr vs1"
    Then the command fails with status 255
    And it says "Can't bind to file /vservers/vs1/dev/reboot (<reason>)" on standard error
    And the file "/tmp/reboot" does not exist

    Examples:
      | prank                                                          | reason                            |
      | ln -s /tmp /vservers/vs1/dev                                   | Too many levels of symbolic links |
      | mkdir /vservers/vs1/dev; ln -s /tmp/reboot /vservers/vs1/dev/reboot | Address already in use       |
      | mkdir -p /vservers/vs1/dev/reboot                              | Address already in use            |
      | touch /vservers/vs1/dev                                        | Not a directory                   |

  Scenario: what is mounted over the tree's /dev is left alone
    Given I run "mount --bind /dev /vservers/vs1/dev"
    When I run "rebootmgr vs1"
    Then the command fails with status 255
    And it says "Can't bind to file /vservers/vs1/dev/reboot (Invalid cross-device link)" on standard error
    And the file "/dev/reboot" does not exist
