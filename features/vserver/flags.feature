Feature: S_FLAGS has the flags of a guest's context

  Background:
    Given a guest "web"

  @0.5-07 @0.5-08 @controllers
  Scenario: the flags reach the context
    Given the guest "web" has the setting S_FLAGS="lock sched"
    And the guest "web" is running
    When I run "getfattr -n trusted.vserver.flags --only-values /sys/fs/cgroup/vserver/49152 2>/dev/null || getfattr -n trusted.vserver.flags --only-values /sys/fs/cgroup/unified/vserver/49152; echo"
    Then it prints "3"

  Scenario: a private guest cannot be entered
    Given the guest "web" has the setting S_FLAGS=private
    And the guest "web" is running
    When I run "vserver --silent web exec true"
    Then the command fails with status 255
    And it says "Can't set the new security context (Operation not permitted)" on standard error

  Scenario: a private guest can be stopped
    Given the guest "web" has the setting S_FLAGS=private
    And the guest "web" is running
    When I run "vserver --silent web stop"
    Then it says "Can't set the new security context (Operation not permitted)" on standard error
    And the guest "web" is not running
