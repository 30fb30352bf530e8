Feature: the companion script of a virtual server is called around its start and stop

  Background:
    Given a guest "vs1"
    And the executable file "/etc/vservers/vs1.sh":
      """
      echo $1 $2 >>/tmp/log
      [ $1 != pre-start ] || : >/vservers/vs1/var/log/rc.log
      [ $1 != post-start ] || cat /vservers/vs1/var/log/rc.log >>/tmp/services
      """

  @0.29-12 @0.10-39
  Scenario: before anything runs in it, and when its services were started
    When I run "vserver vs1 start"
    Then the file "/tmp/log" is:
      """
      pre-start vs1
      post-start vs1
      """
    And the file "/tmp/services" has the line "/etc/rc.d/rc 3"

  Scenario: before it is stopped, and when nothing of it runs any more
    Given the guest "vs1" is running
    And there is no file "/tmp/log"
    When I run "vserver vs1 stop"
    Then the file "/tmp/log" is:
      """
      pre-stop vs1
      post-stop vs1
      """

  Scenario: a script that is not executable is none
    Given I run "chmod -x /etc/vservers/vs1.sh"
    When I run "vserver vs1 start"
    Then the command succeeds
    And the file "/tmp/log" does not exist
