Feature: build writes a configuration to be completed by the administrator

  Background:
    Given the root server is small

  @0.5-09 @0.27-05
  Scenario: the settings of a new guest
    Given I run "vserver web build"
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the output has the line "S_FLAGS=lock nproc"
    And the output has the line "ULIMIT=-HS -u 1000"
    And the output has the line "PROFILE=prod"

  @0.29-37
  Scenario: the system's settings come first
    When I run "vserver web build"
    And I run "grep -v '^#' /etc/vservers/web.conf | head -n 1"
    Then it prints "source /etc/vservers.conf"

  @0.29-18 @0.29-30
  Scenario: the system's settings say where guests are
    Given the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/srv/vs"
    When I run "vserver web build"
    Then the command succeeds
    And the file "/srv/vs/web/etc/passwd" exists
    And the file "/srv/vs" has the mode 0000

  @0.29-22
  Scenario: a configuration that is there is kept, and says where the tree is
    Given the file "/etc/vservers/web.conf" with the line "VSERVERDIR=/data/x/box"
    When I run "vserver web build"
    Then the command succeeds
    And the file "/data/x/box/etc/passwd" exists
    And the file "/etc/vservers/web.conf" is:
      """
      VSERVERDIR=/data/x/box
      """
