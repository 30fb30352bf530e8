@0.26-10
Feature: CAP_QUOTACTL lets root of a guest handle the disk quota of its own file system
  It does not take CAP_SYS_ADMIN, which would let it mount things.

  Background:
    Given a guest "web" on a file system of its own with disk quota

  Scenario: with the capability quota is set
    Given the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    When the guest "web" runs "setquota -u alice 1000 2000 0 0 /"
    Then the command succeeds
    When I run "repquota -u /vservers/web"
    Then the output contains "1000    2000"

  Scenario: without the capability it is not
    When the guest "web" runs "setquota -u alice 1000 2000 0 0 /"
    Then the command fails
    When the guest "web" runs "quota-call set 1000 2000"
    Then it prints "EPERM"
    When I run "repquota -u /vservers/web"
    Then the command succeeds
    And the output does not contain "2000"

  Scenario Outline: mounting is refused with and without it
    Given the guest "web" has the setting S_CAPS=<caps>
    When the guest "web" runs "mount -t tmpfs none /tmp"
    Then the command fails

    Examples:
      | caps         |
      | ""           |
      | CAP_QUOTACTL |

  Scenario: quota that root of the guest has set holds
    Given the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    And the guest "web" is running
    When the guest "web" runs "setquota -u alice 0 100 0 0 /"
    And I run "chmod 1777 /vservers/web/tmp; vserver --silent web suexec alice dd if=/dev/zero of=/tmp/file bs=64k count=10"
    Then the command fails
    And standard error contains "Disk quota exceeded"

  Scenario: root of the guest sees the quota of all, a user his own
    Given the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    When the guest "web" runs "setquota -u alice 1000 2000 0 0 /"
    And the guest "web" runs "repquota -u /"
    Then the output contains "alice"
    When I run "vserver --silent web suexec alice quota-call get 1000"
    Then it prints "ok 2000"
    When I run "vserver --silent web suexec alice quota-call get 0"
    Then it prints "EPERM"

  Scenario: quota of groups
    Given the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    When the guest "web" runs "setquota -g alice 1000 3000 0 0 /"
    Then the command succeeds
    When I run "repquota -g /vservers/web"
    Then the output contains "1000    3000"

  Scenario: a guest's own init may, too
    Given a guest "web" with an init of its own
    And the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    And the executable file "/vservers/web/sbin/init":
      """
      #!/bin/sh
      quota-call set 1000 4000 >/tmp/answer
      exec sleep 1000
      """
    And the guest "web" is running
    Then the file "/vservers/web/tmp/answer" has the line "ok"
