"""Customers and staff, their addresses, payment methods and roles; the functions that keys and searching need."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

#: 48 bits of milliseconds, 4 of version, 74 of chance around 2 of variant (RFC 9562).
UUIDV7_BODY = """
    encode(
        set_bit(
            set_bit(
                overlay(
                    uuid_send(gen_random_uuid())
                    PLACING substring(int8send(floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) FROM 3)
                    FROM 1 FOR 6
                ),
                52, 1
            ),
            53, 1
        ),
        'hex'
    )::uuid
"""

#: PostgreSQL 18 has it built in, and the built-in one is found first; older servers get this one.
UUIDV7 = f"""
DO $make$
BEGIN
    IF to_regprocedure('pg_catalog.uuidv7()') IS NULL THEN
        CREATE FUNCTION uuidv7() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE RETURN {UUIDV7_BODY};
    END IF;
END
$make$
"""

FUNCTIONS = (
    UUIDV7,
    # Lower case, accents off, letters that no accent explains spelled out: Björk = bjork, Łódź = lodz, Groß = gross.
    """
    CREATE FUNCTION fold_text(value text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
        replace(replace(replace(
            lower(translate(
                regexp_replace(normalize(value, NFKD), '[\\u0300-\\u036f]', '', 'g'),
                'ØøĐđŁłıÞþÐðẞÆŒ', 'ooddllittddßæœ'
            )),
            'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe')
    """,
    # The folded words of a text. Apostrophes vanish (O'Neil = oneil); every other mark but @ ends a word.
    """
    CREATE FUNCTION search_words(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
        SELECT coalesce(array_agg(DISTINCT left(word, 100)), '{}')
        FROM regexp_split_to_table(
            fold_text(translate(value, '''’ʼ`', '')),
            '[\\u0001-\\u002f\\u003a-\\u003f\\u005b-\\u0060\\u007b-\\u00a0\\u00b7\\u2000-\\u206f\\u3000]+'
        ) AS word
        WHERE word <> ''
    )
    """,
    # A phone number's digits without the 00 that stands for + and without the (0) that is not dialled from abroad.
    """
    CREATE FUNCTION phone_digits(phone text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN
        regexp_replace(regexp_replace(replace(phone, '(0)', ''), '[^0-9]', '', 'g'), '^00', '')
    """,
    # What a customer is found by: the words of both names and of the e-mail before the @, the whole e-mail, its
    # domain as @domain, the phone number.
    """
    CREATE FUNCTION user_words(first_name text, last_name text, email text, phone text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN array_to_tsvector(array_remove(
        search_words(coalesce(first_name, '') || ' ' || coalesce(last_name, ''))
        || search_words(split_part(email, '@', 1))
        || ARRAY[
            left(fold_text(email), 255),
            '@' || left(fold_text(split_part(email, '@', 2)), 254),
            coalesce(phone_digits(phone), '')
        ],
        ''
    ))
    """,
    # Every word of the array must be the beginning of a stored word; NULL for no words.
    """
    CREATE FUNCTION prefix_query(words text[]) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
        SELECT string_agg(
            '''' || replace(replace(left(word, 255), '\\', '\\\\'), '''', '''''') || ''':*', ' & '
        )::tsquery
        FROM unnest(words) AS word
    )
    """,
    # The question a person typed, as a query on user_words; NULL where it holds no word. Three digits or more with
    # nothing but a phone number's marks between them may be one phone number, however it is spaced.
    """
    CREATE FUNCTION user_query(question text) RETURNS tsquery LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE RETURN (
        SELECT CASE
            WHEN question ~ '^[[:space:]0-9+()/.-]+$' AND length(phone_digits(question)) >= 3
            THEN prefix_query(ARRAY[phone_digits(question)]) || prefix_query(search_words(question))
            ELSE prefix_query((
                SELECT array_agg(word)
                FROM regexp_split_to_table(question, '[[:space:]]+') AS part,
                    unnest(CASE WHEN part LIKE '%@%' THEN ARRAY[fold_text(part)] ELSE search_words(part) END) AS word
            ))
        END
    )
    """,
    # Where a customer stands in the list: last name, first name, folded, compared byte by byte, so the order is the
    # same on every machine and survives an upgrade of the C library.
    """
    CREATE FUNCTION user_sort_name(first_name text, last_name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
        left(fold_text(btrim(coalesce(last_name, '') || ' ' || coalesce(first_name, ''))), 200)
    """,
)

TABLES = (
    """
    CREATE TABLE users (
        user_id UUID DEFAULT uuidv7() NOT NULL,
        email VARCHAR(255) NOT NULL,
        password_hash VARCHAR(255) NOT NULL,
        first_name VARCHAR(100),
        last_name VARCHAR(100),
        phone VARCHAR(20),
        date_of_birth DATE,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        email_verified BOOLEAN DEFAULT false NOT NULL,
        last_login TIMESTAMP WITH TIME ZONE,
        is_staff BOOLEAN DEFAULT false NOT NULL,
        shard SMALLINT DEFAULT 0 NOT NULL,
        version INTEGER DEFAULT 1 NOT NULL,
        search_words TSVECTOR GENERATED ALWAYS AS (user_words(first_name, last_name, email, phone)) STORED,
        sort_name TEXT COLLATE "C" GENERATED ALWAYS AS (user_sort_name(first_name, last_name)) STORED,
        CONSTRAINT users_pkey PRIMARY KEY (user_id),
        CONSTRAINT users_shard_check CHECK (shard BETWEEN 0 AND 31),
        CONSTRAINT users_email_key UNIQUE (email)
    )
    """,
    "CREATE UNIQUE INDEX idx_users_email ON users (lower(email))",
    "CREATE INDEX idx_users_search_words ON users USING gin (search_words)",
    "CREATE INDEX idx_users_sort_name ON users (sort_name, user_id) WHERE NOT is_staff",
    """
    CREATE TABLE user_addresses (
        address_id UUID DEFAULT uuidv7() NOT NULL,
        user_id UUID NOT NULL,
        address_type VARCHAR(20) DEFAULT 'shipping' NOT NULL,
        is_default BOOLEAN DEFAULT false NOT NULL,
        street_address VARCHAR(255) NOT NULL,
        city VARCHAR(100) NOT NULL,
        state VARCHAR(100),
        postal_code VARCHAR(20) NOT NULL,
        country VARCHAR(2) NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT user_addresses_pkey PRIMARY KEY (address_id),
        CONSTRAINT user_addresses_address_type_check CHECK (address_type IN ('shipping', 'billing')),
        CONSTRAINT user_addresses_country_check CHECK (country ~ '^[A-Z]{2}$'),
        CONSTRAINT user_addresses_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX idx_user_addresses_default ON user_addresses (user_id, address_type) WHERE is_default",
    "CREATE INDEX idx_user_addresses_user_id ON user_addresses (user_id)",
    """
    CREATE TABLE user_payment_methods (
        payment_method_id UUID DEFAULT uuidv7() NOT NULL,
        user_id UUID NOT NULL,
        payment_type VARCHAR(20) NOT NULL,
        is_default BOOLEAN DEFAULT false NOT NULL,
        card_last_four VARCHAR(4),
        card_brand VARCHAR(20),
        expiry_month INTEGER,
        expiry_year INTEGER,
        billing_address_id UUID,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        is_active BOOLEAN DEFAULT true NOT NULL,
        CONSTRAINT user_payment_methods_pkey PRIMARY KEY (payment_method_id),
        CONSTRAINT user_payment_methods_payment_type_check CHECK (
            payment_type IN ('credit_card', 'debit_card', 'paypal', 'bank_account')
        ),
        CONSTRAINT user_payment_methods_card_last_four_check CHECK (card_last_four ~ '^[0-9]{4}$'),
        CONSTRAINT user_payment_methods_expiry_month_check CHECK (expiry_month BETWEEN 1 AND 12),
        CONSTRAINT user_payment_methods_expiry_year_check CHECK (expiry_year BETWEEN 2000 AND 2199),
        CONSTRAINT user_payment_methods_user_id_fkey FOREIGN KEY(user_id)
            REFERENCES users (user_id) ON DELETE CASCADE,
        CONSTRAINT user_payment_methods_billing_address_id_fkey FOREIGN KEY(billing_address_id)
            REFERENCES user_addresses (address_id)
    )
    """,
    "CREATE INDEX idx_user_payment_methods_billing_address_id ON user_payment_methods (billing_address_id)",
    (
        "CREATE UNIQUE INDEX idx_user_payment_methods_default ON user_payment_methods (user_id)"
        " WHERE is_default AND is_active"
    ),
    "CREATE INDEX idx_user_payment_methods_user_id ON user_payment_methods (user_id)",
    """
    CREATE TABLE user_roles (
        user_id UUID NOT NULL,
        role VARCHAR(20) NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT CURRENT_TIMESTAMP NOT NULL,
        CONSTRAINT user_roles_pkey PRIMARY KEY (user_id, role),
        CONSTRAINT user_roles_role_check CHECK (role IN ('admin', 'support', 'warehouse', 'catalogue', 'analyst')),
        CONSTRAINT user_roles_user_id_fkey FOREIGN KEY (user_id) REFERENCES users (user_id) ON DELETE CASCADE
    )
    """,
)


def upgrade() -> None:
    """Make functions, then tables."""
    for statement in (*FUNCTIONS, *TABLES):
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables, then the functions."""
    for table in ("user_roles", "user_payment_methods", "user_addresses", "users"):
        op.execute(f"DROP TABLE {table}")
    for function in (
        "user_sort_name(text, text)",
        "user_query(text)",
        "prefix_query(text[])",
        "user_words(text, text, text, text)",
        "phone_digits(text)",
        "search_words(text)",
        "fold_text(text)",
    ):
        op.execute(f"DROP FUNCTION {function}")
    # Only the one made here: on PostgreSQL 18 the name alone would mean the server's own.
    op.execute("DO $drop$ BEGIN EXECUTE format('DROP FUNCTION IF EXISTS %I.uuidv7()', current_schema()); END $drop$")
