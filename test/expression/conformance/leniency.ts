/**
 * Where the expressions of functions give something else than the specification's cases want, by the rule that says so.
 * A case that begins to hold must leave its list.
 */

export interface Leniency {
  readonly rule: string;
  /** By the language's own rules (execution.md §24); else it is our choice. */
  readonly isDemanded: boolean;
  readonly ids: readonly string[];
}

export const leniencies: readonly Leniency[] = [
  {
    rule: '§24.3: a path, key or index that is not there is missing and never an error',
    isDemanded: true,
    ids: [
      'basic/variables/self_eval_unbound_lookup',
      'conversions/type/dyn_no_denotation',
      'fields/map_fields/map_bad_key_type',
      'fields/map_fields/map_bad_key_type_and_true',
      'fields/map_fields/map_bad_key_type_or_false',
      'fields/map_fields/map_field_select_no_such_key',
      'fields/map_fields/map_field_select_no_such_key_and_true',
      'fields/map_fields/map_field_select_no_such_key_or_false',
      'fields/map_fields/map_key_mixed_numbers_lossy_double_key',
      'fields/map_fields/map_no_such_key',
      'fields/map_fields/map_no_such_key_and_true',
      'fields/map_fields/map_no_such_key_or_false',
      'fields/qualified_identifier_resolution/int64_field_select_unsupported',
      'fields/qualified_identifier_resolution/list_field_select_unsupported',
      'lists/index/bad_index_type',
      'lists/index/bad_index_type_and_true',
      'lists/index/bad_index_type_or_false',
      'lists/index/index_out_of_bounds',
      'lists/index/index_out_of_bounds_and_true',
      'lists/index/index_out_of_bounds_or_false',
      'lists/index/zero_based_double_error',
    ],
  },
  {
    rule: '§24.3: an operand that errs counts as one that is missing, and has a result',
    isDemanded: true,
    ids: [
      'logic/AND/error_left',
      'logic/AND/error_right',
      'logic/OR/error_left',
      'logic/OR/error_right',
      'logic/conditional/error_case',
      'macros/all/list_elem_error_exhaustive',
      'macros/all/list_elem_type_exhaustive',
      'macros/exists/list_elem_exists_error',
      'macros/exists_one/list_no_shortcircuit',
      'macros/filter/list_no_shortcircuit',
      'macros/map/list_error',
      'timestamps/duration_range/add_over',
      'timestamps/duration_range/add_under',
      'timestamps/duration_range/sub_over',
      'timestamps/duration_range/sub_under',
    ],
  },
  {
    rule: '§24.4: null is ordered as the zero of the other type',
    isDemanded: true,
    ids: [
      'comparisons/bound/null_lt_right_no_such_overload',
      'comparisons/gt_literal/gt_null_unsupported',
      'comparisons/gte_literal/gte_null_unsupported',
      'comparisons/lt_literal/lt_null_unsupported',
      'comparisons/lte_literal/lte_null_unsupported',
    ],
  },
  {
    rule: '§24.5: &&, || and ?: take anything and go by its truth',
    isDemanded: true,
    ids: [
      'logic/AND/no_overload',
      'logic/OR/no_overload',
      'logic/OR/short_circuit_type_right',
      'logic/conditional/bad_type',
    ],
  },
  {
    rule: '§24.5: the numbers of JSON are doubles, so a double may be a key and have a remainder',
    isDemanded: true,
    ids: [
      'fields/qualified_identifier_resolution/map_key_float',
      'fp_math/fp_math/mod_not_support',
    ],
  },
  {
    rule: '§24.1: variables are event, async and vars: none has dots in its name, and there is no container',
    isDemanded: true,
    ids: [
      'fields/qualified_identifier_resolution/ident_with_longest_prefix_check',
      'fields/qualified_identifier_resolution/map_field_select',
      'fields/qualified_identifier_resolution/qualified_ident',
      'fields/qualified_identifier_resolution/qualified_identifier_resolution_unchecked',
      'namespace/namespace/self_eval_container_lookup',
      'namespace/namespace/self_eval_container_lookup_unchecked',
      'namespace/qualified/self_eval_qualified_lookup',
    ],
  },
  {
    rule: 'integers are compared with doubles exactly, so that ids beyond 2^53 are told apart',
    isDemanded: false,
    ids: [
      'comparisons/gt_literal/not_gt_dyn_big_double_int',
      'comparisons/gte_literal/gte_dyn_int_big_lossy_double',
      'comparisons/lt_literal/not_lt_dyn_int_big_lossy_double',
      'comparisons/lte_literal/lte_dyn_big_double_int',
    ],
  },
  {
    rule: 'getMilliseconds() of a duration gives all of it, as in cel-go',
    isDemanded: false,
    ids: ['timestamps/duration_converters/get_milliseconds'],
  },
];
