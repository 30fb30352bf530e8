Feature: scripts that administrators wrote in 2003 run unchanged
  They cut columns out of vserver-stat and vps, read state files and source configuration files.

  Background:
    Given a guest "web"
    And the guest "web" has the setting ONBOOT=yes
    And a guest "mail"

  @0.7-20 @0.7-21
  Scenario: a monitor that cuts columns from vserver-stat
    Given the script "vsload" of 2003
    And I run "vserver web exec sh -c 'for i in 1 2 3 4 5 6 7; do sleep 100 & done'"
    When I run "vsload | grep -v root"
    Then it prints "7 web"

  @0.14-10 @0.16-26
  Scenario: a list of processes, by the number in the state file
    Given the script "vsps" of 2003
    And I run "vserver mail exec sh -c 'sleep 100 &'"
    And I run "vserver web exec sh -c 'sleep 777 & sleep 778 &'"
    And I run "until pgrep -x -f 'sleep 778'; do sleep 0.05; done"
    When I run "vsps web | grep -v init"
    Then it prints:
      """
      web 777
      web 778
      """
    When I run "vsps news"
    Then the command fails with status 1

  @0.19-19
  Scenario: a list of guests, by their configuration files
    Given the script "vslist" of 2003
    And the guest "web" is running
    And the file "/etc/vservers/mail.conf":
      """
      # Description: a file of that time
      source /etc/vservers.conf
      if [ "$PROFILE" = "" ] ; then
        PROFILE=prod
      fi
      IPROOT="192.0.2.30 192.0.2.31"
      ONBOOT=no
      S_HOSTNAME=mail.example.com
      """
    When I run "vslist"
    Then it prints:
      """
      mail       192.0.2.30 192.0.2.31 no   down  mail.example.com
      web                        yes  up    -
      """

  @0.14-20
  Scenario: a service wrapper of one's own
    Given the script "v_echod" of 2003
    And the executable file "/etc/init.d/echod":
      """
      #!/bin/sh
      exec listen 0.0.0.0:7
      """
    And the file "/etc/vservices/echod.conf" with the line "IP=192.0.2.10"
    And "v_echod start" is listening
    Then the lan machine gets the answer "192.0.2.10:7" from 192.0.2.10:7
    And the host gets no answer from 127.0.0.1:7

  @0.7-20
  Scenario: a watchdog starts what does not run
    Given the script "vswatch" of 2003
    When I run "vswatch | grep -v httpd"
    Then it prints "web is dead, restarting"
    When I run "vswatch"
    Then it prints "web has 1 processes"
