Feature: vprofile prints the profile that a configuration selects by itself

  Background:
    Given the file "/etc/vservers/web.conf":
      """
      if [ "$PROFILE" = "" ]; then
      	PROFILE=prod
      fi
      case $PROFILE in
      prod)
      	IPROOT=10.0.0.11
      	;;
      backup)
      	IPROOT=10.0.0.12
      	;;
      esac
      """

  Scenario: the environment does not count
    When I run "PROFILE=backup /usr/lib/vserver/vprofile web"
    Then the command succeeds
    And it prints "PROFILE=prod"

  Scenario: with a second word the names of the profiles are shown
    When I run "/usr/lib/vserver/vprofile web backup"
    Then the command succeeds
    And it prints:
      """
      prod)
      backup)
      """

  Scenario: an unknown virtual server
    When I run "/usr/lib/vserver/vprofile nobody"
    Then the command fails with status 1
    And it says "vserver nobody does not exist" on standard error

  Scenario: the usage
    When I run "/usr/lib/vserver/vprofile"
    Then the command fails with status 1
    And it prints "vprofile vserver [ profile-name ]"
