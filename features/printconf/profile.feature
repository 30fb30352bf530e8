Feature: printconf.sh prints the settings of a profile
  PROFILE comes from the environment, as far as the file lets it.

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

  @0.22-19
  Scenario Outline: the environment chooses a profile
    When I run "<environment> /usr/lib/vserver/printconf.sh web"
    Then the output has the line "PROFILE=<profile>"
    And the output has the line "IPROOT=<address>"

    Examples:
      | environment        | profile | address   |
      | env                | prod    | 10.0.0.11 |
      | env PROFILE=backup | backup  | 10.0.0.12 |

  Scenario: the other variables of the environment have no effect
    When I run "IPROOT=10.9.9.9 S_NICE=5 VSERVERDIR=/ /usr/lib/vserver/printconf.sh web"
    Then the output has the line "IPROOT=10.0.0.11"
    And the output has the line "S_NICE="
    And the output has the line "VSERVERDIR=/vservers/web"

  Scenario: --profile wins over the file
    Given the file "/etc/vservers/web.conf":
      """
      PROFILE=prod
      S_HOSTNAME=$PROFILE.example.com
      """
    When I run "/usr/lib/vserver/printconf.sh --profile backup web"
    Then the output has the line "S_HOSTNAME=backup.example.com"
