Feature: the service vservers keeps an order
  A guest with a lower PRIORITY is started earlier and stopped later.

  Background:
    Given a guest "a"
    And the guest "a" has the setting ONBOOT=yes
    And the guest "a" has the setting PRIORITY=30
    And a guest "b"
    And the guest "b" has the setting ONBOOT=yes
    And the guest "b" has the setting PRIORITY=9
    And a guest "c"
    And the guest "c" has the setting ONBOOT=yes
    And the executable file "/etc/vservers/a.sh":
      """
      echo $1 $2 >>/tmp/log
      """
    And I run "cp -p /etc/vservers/a.sh /etc/vservers/b.sh"
    And I run "cp -p /etc/vservers/a.sh /etc/vservers/c.sh"

  Scenario: a number of any length is one
    Given I run "printf PRIORITY=%05000d 7 >>/etc/vservers/a.conf"
    When I run "/etc/init.d/vservers start >/dev/null; grep pre-start /tmp/log"
    Then it prints:
      """
      pre-start a
      pre-start b
      pre-start c
      """

  @0.26-16 @0.26-17
  Scenario: start in ascending order, stop in descending order, as numbers
    When I run "/etc/init.d/vservers start >/dev/null; /etc/init.d/vservers stop >/dev/null; grep -E 'pre-start|post-stop' /tmp/log"
    Then it prints:
      """
      pre-start b
      pre-start a
      pre-start c
      post-stop c
      post-stop a
      post-stop b
      """
