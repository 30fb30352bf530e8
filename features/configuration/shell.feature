Feature: the configuration of a virtual server is a program for the shell
  A site can put any logic in it. What counts is the value of each variable at its end.

  Background:
    Given a guest "vs1"

  @0.5-10
  Scenario: a virtual server is a configuration file and a tree
    Given I run "cp -a /vservers/vs1 /vservers/vs9"
    When I run "vserver vs9 start"
    Then the command fails with status 1
    And it prints "No configuration for this vserver: /etc/vservers/vs9.conf"
    Given the file "/etc/vservers/vs9.conf" with the line "S_HOSTNAME=vs9"
    When I run "vserver vs9 start"
    Then the command succeeds
    And the guest "vs9" is running

  @0.29-33
  Scenario: an address is computed by a function and a command
    Given the file "/etc/vservers/vs1.conf":
      """
      address() { echo 192.0.2.`expr 20 + $1`; }
      IPROOT=$(address 3)
      IPROOTDEV=eth0
      """
    When I run "vserver vs1 start"
    Then the host has the address 192.0.2.23 on eth0

  @0.29-30 @0.29-31
  Scenario: the virtual server's own file decides
    Given the file "/etc/vservers.conf" with the line "S_HOSTNAME=default"
    And the file "/etc/vservers/vs1.conf" with the line "S_HOSTNAME=own"
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "own"

  @0.29-32 @0.29-34 @controllers
  Scenario: settings may be moved to the system's file
    Given the file "/etc/vservers.conf":
      """
      VSERVERS_ROOT=/vservers
      S_HOSTNAME=shared
      S_CAPS=CAP_NET_RAW
      S_FLAGS="lock nproc"
      """
    And the file "/etc/vservers/vs1.conf":
      """
      # Description: a file of today's form
      source /etc/vservers.conf
      IPROOT=192.0.2.20
      """
    And the executable file "/vservers/vs1/bin/has-net-raw":
      """
      #!/bin/sh
      set -- $(grep CapBnd /proc/self/status)
      echo $((0x$2 >> 13 & 1))
      """
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "shared"
    When I run "vserver --silent vs1 exec has-net-raw"
    Then it prints "1"
    Given I run "sed -i /S_CAPS/d /etc/vservers.conf"
    When I run "vserver --silent vs1 exec has-net-raw"
    Then it prints "0"

  @0.29-38 @0.10-13 @controllers
  Scenario: a file of an earlier version works as it is
    Given the file "/etc/vservers/vs1.conf":
      """
      IPROOT=192.0.2.20
      IPROOTDEV=eth0
      ONBOOT=yes
      S_HOSTNAME=old.example.com
      S_DOMAINNAME=
      S_NICE=
      S_FLAGS="lock"
      ULIMIT="-H -u 1000"
      S_CAPS=""
      """
    When I run "vserver vs1 start"
    Then the command succeeds
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "old.example.com"
    When I run "vserver vs1 stop"
    Then the command succeeds

  Scenario: variables that the file exports reach the virtual server
    Given the file "/etc/vservers/vs1.conf":
      """
      export TZ=CET
      """
    When I run "vserver --silent vs1 exec sh -c 'echo $TZ'"
    Then it prints "CET"

  Scenario: a broken file stops every command
    Given the file "/etc/vservers/vs1.conf":
      """
      IPROOT=192.0.2.20
      IPROOTDEV=eth0
      case $PROFILE in
      """
    When I run "vserver vs1 start"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "Error in configuration file /etc/vservers/vs1.conf"
    And the host does not have the address 192.0.2.20

  Scenario: line ends of another system
    Given I run "printf 'source /etc/vservers.conf\r\nif true; then\r\n  S_HOSTNAME=dos\r\nfi\r\n' >/etc/vservers/vs1.conf"
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "dos"
