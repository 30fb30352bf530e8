Feature: vcheck says what it cannot check

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "web"

  Scenario Outline: how it is called
    When I run "/usr/lib/vserver/vcheck <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "<text>"

    Examples:
      | words                  | text                                                  |
      |                        | vcheck [ options ] reference-server chk-vserver ...   |
      | --verify ref           | vcheck [ options ] reference-server chk-vserver ...   |
      | ref web                | Nothing to do !!!                                     |
      | --verify --all ref web | Invalid option --all                                  |
      | --verify ref nobody    | Unknown vserver nobody                                |
      | --verify nobody ref    | Unknown vserver nobody                                |
      | --verify ref web       | web: Distribution not supported yet                   |

  @0.21-02
  Scenario: one guest cannot be checked, the others are
    Given a guest "mail" with the RPM packages other-1-1
    When I run "/usr/lib/vserver/vcheck --diffpkgs ref web mail"
    Then the command fails with status 255
    And it prints:
      """
      Server web:
      Server mail:
      - hello
      + other
      """
