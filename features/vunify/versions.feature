@0.6-34
Feature: vunify shares a package only with a guest that has the same version

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1 world-2.3-4
    And a guest "vs1" with the RPM packages hello-1.0-2 world-2.3-4

  Scenario: another version is left alone
    When I run "/usr/lib/vserver/vunify ref vs1 -- ALL | tail -n +2"
    Then it prints "Unify pkg world-2.3-4 from ref to vs1"
    And the command succeeds
    When I run "[ /vservers/ref/usr/bin/hello -ef /vservers/vs1/usr/bin/hello ]"
    Then the command fails

  Scenario: --test tells why
    Given a guest "vs2" with the RPM packages world-2.3-4
    When I run "/usr/lib/vserver/vunify --test ref vs1 vs2 -- hello"
    Then it prints:
      """
      vservers vs1
      vservers vs2
      hello-1.0-1 exist in server vs1 not unified
      hello-1.0-1 does not exist in server vs2
      """

  @0.29-05 @0.29-22
  Scenario: the trees are where the configurations say
    Given I run "mkdir /vservers/elsewhere; mv /vservers/vs1 /vservers/ref /vservers/elsewhere"
    And the guest "ref" has the setting VSERVERDIR=$(echo /vservers/elsewhere/ref)
    And the guest "vs1" has the setting VSERVERDIR=/vservers/elsewhere/vs1
    When I run "/usr/lib/vserver/vunify ref vs1 -- world"
    Then the command succeeds
    When I run "cd /vservers/elsewhere; [ ref/usr/bin/world -ef vs1/usr/bin/world ]"
    Then the command succeeds
