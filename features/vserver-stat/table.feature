Feature: vserver-stat shows the virtual servers in a table

  Background:
    Given a guest "web"
    And a guest "mail"
    And the guest "web" is running

  @0.7-20 @0.14-17
  Scenario: one line for each that runs, and none for one that does not
    Given I run "vserver mail exec sh -c 'sleep 100 &'"
    When I run "vserver-stat | awk '$1 > 0 {print $1, $2, $8}'"
    Then it prints:
      """
      CTX PROC NAME
      49152 1 web
      49153 1 mail
      """
    Given the guest "mail" is stopped
    When I run "vserver-stat"
    Then the output has the line "CTX  PROC    VSZ    RSS  userTIME   sysTIME    UPTIME NAME     DESCRIPTION"
    And the output contains "web"
    And the output does not contain "mail"

  @0.10-10
  Scenario: the root server is context 0, and always there
    Given the guest "web" is stopped
    When I run "vserver-stat | awk '{print $1, $8, $9}'"
    Then it prints:
      """
      CTX NAME DESCRIPTION
      0 root server
      """

  @0.6-23
  Scenario: the monitoring context, while somebody is in it
    Given "chcontext --silent --ctx 1 sleep 4712" runs in the background
    Then the process "sleep 4712" runs on the host
    When I run "vserver-stat | awk '$1 == 1 {print $2, $8, $9}'"
    Then it prints "1 monitoring server"

  @0.10-42 @0.26-15 @0.29-32
  Scenario: names and descriptions are aligned
    Given a guest "a-rather-long-name"
    And I run "vserver a-rather-long-name exec sh -c 'for i in $(seq 2000); do sleep 100 & done'"
    And the file "/etc/vservers/web.conf" with the line "#Description: Some vserver"
    And the file "/etc/vservers/a-rather-long-name.conf" with the line "#	Description:  Other words"
    When I run "vserver-stat | cut -c 17,24,34,44,54- | cat -E"
    Then it prints:
      """
           NAME     DESCRIPTION$
           root server $
           web      Some vserver$
           a-rather-long-name Other words$
      """

  Scenario: the last description counts
    Given the file "/etc/vservers/web.conf":
      """
      # Description: the first
      source /etc/vservers.conf
      #Description: the last
      # Description
      IPROOT=
      """
    When I run "vserver-stat"
    Then the output contains "web      the last"

  Scenario: a guest has the name that it has started under, whatever old state files say
    Given I run "cp /var/run/vservers/web.ctx /var/run/vservers/zope.ctx"
    When I run "vserver-stat | awk 'NR > 2 {print $8}'"
    Then it prints "web"

  Scenario: a context that was made by hand has the name of its state file
    Given "chcontext --silent --ctx 300 sleep 4713" runs in the background
    And the file "/var/run/vservers/byhand.ctx" with the line "S_CONTEXT=300"
    Then the process "sleep 4713" runs on the host
    When I run "vserver-stat | awk '$1 == 300 {print $8}'"
    Then it prints "byhand"

  Scenario: names cannot be read
    Given I run "rm -r /var/run/vservers; echo S_CONTEXT=49152 >/var/run/vservers"
    When I run "vserver-stat"
    Then the command succeeds
    And the output contains "web"
    And it says "vserver-stat: in openning /var/run/vservers/: Not a directory" on standard error
