Feature: the package in another place
  PREFIX, USR_SBIN and USR_LIB_VSERVER move the whole package, which then names no other place.

  @0.19-08
  Scenario: a package in /usr/local runs a guest
    Given the package is not installed
    And the package is installed with PREFIX=/usr/local
    And a guest "web"
    When I run "/usr/local/sbin/vserver web start"
    Then the command succeeds
    When I run "/usr/local/sbin/vserver web exec hostname"
    Then the command succeeds
    When I run "/usr/local/sbin/vserver web stop"
    Then the command succeeds

  @0.19-08
  Scenario: a moved package does not name the old place
    Given the package is not installed
    And the package is installed with PREFIX=/usr/local
    Then no installed file below /usr/local/sbin names /usr/lib/vserver
    And no installed file below /usr/local/lib/vserver names /usr/lib/vserver
    And no installed file below /etc/init.d names /usr/lib/vserver

  @0.19-09
  Scenario: scripts say at their top where the package is
    Then each shell script defines the directory it uses before it uses it

  @0.19-10
  Scenario: scripts have the values that the installation was given
    Given the package is not installed
    And the package is installed with PREFIX=/opt/vserver
    Then the file "/etc/init.d/v_sshd" has the line "USR_LIB_VSERVER=/opt/vserver/lib/vserver"
    And the file "/opt/vserver/sbin/chbind" has the line "USR_LIB_VSERVER = "/opt/vserver/lib/vserver""
