Feature: a guest cannot change the kernel's settings
  User 0 may write most of /proc/sys without any capability: only that these files are read-only
  inside keeps a guest's root from them.

  Background:
    Given a guest "web"

  @0.3-08
  Scenario Outline: <file> cannot be written, not even with the value it has
    When the guest "web" runs "sh -c 'cat <file> 2>/dev/null >/tmp/value; cat /tmp/value ><file>'"
    Then the command fails
    And standard error contains "<file>"

    Examples:
      | file                          |
      | /proc/sys/kernel/panic        |
      | /proc/sys/kernel/core_pattern |
      | /proc/sys/kernel/hostname     |
      | /proc/sysrq-trigger           |
